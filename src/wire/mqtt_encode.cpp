#include <algorithm>
#include <string>

#include "wire/internal/mqtt_writer.h"
#include "wire/mqtt.h"

namespace muster::wire::mqtt {
namespace {

constexpr std::size_t body_max = 268'435'455;  // section 2.1.4

std::uint8_t first_byte(PacketType t, std::uint8_t flags = 0) {
  return static_cast<std::uint8_t>(static_cast<int>(t) << 4 | flags);
}

std::size_t varint_size(std::size_t v) {
  return v < 0x80 ? 1 : v < 0x4000 ? 2 : v < 0x20'0000 ? 3 : 4;
}

Result<void> fits(std::string_view text, const char* what) {
  if (text.size() <= 65535) return {};
  return fail(Fault::invalid, std::string(what) + " of " + std::to_string(text.size()) +
                                  " bytes; MQTT carries at most 65535");
}

void put_properties(Bytes& out, const Properties& p, Version version) {
  if (version != Version::v5) return;
  put_varint(out, static_cast<std::uint32_t>(p.bytes().size()));
  put_bytes(out, p.bytes());
}

// Table 3.1 of 3.1.1: only six answers to a CONNECT.
std::uint8_t return_code(Reason r) {
  switch (r) {
    case Reason::success:
      return 0;
    case Reason::unsupported_protocol_version:
      return 1;
    case Reason::client_identifier_not_valid:
      return 2;
    case Reason::bad_user_name_or_password:
      return 4;
    case Reason::not_authorized:
    case Reason::banned:
      return 5;
    default:
      return 3;
  }
}

Result<void> put(Bytes& out, const Connect& c, Version) {
  TRY_VOID(fits(c.client_id, "client identifier"));
  put_text(out, "MQTT");
  out.push_back(static_cast<std::uint8_t>(c.version));
  int flags = c.clean_start ? 0x02 : 0;
  if (c.will) flags |= 0x04 | c.will->qos << 3 | (c.will->retain ? 0x20 : 0);
  if (c.password) flags |= 0x40;
  if (c.user_name) flags |= 0x80;
  if (c.version == Version::v3_1_1 && c.password && !c.user_name)
    return fail(Fault::invalid, "MQTT 3.1.1 has no password without a user name");
  out.push_back(static_cast<std::uint8_t>(flags));
  put_two(out, c.keep_alive_s);
  put_properties(out, c.properties, c.version);
  put_text(out, c.client_id);
  if (c.will) {
    TRY_VOID(fits(c.will->topic, "will topic"));
    TRY_VOID(fits(text_of(c.will->payload), "will payload"));
    put_properties(out, c.will->properties, c.version);
    put_text(out, c.will->topic);
    put_binary(out, c.will->payload);
  }
  if (c.user_name) {
    TRY_VOID(fits(*c.user_name, "user name"));
    put_text(out, *c.user_name);
  }
  if (c.password) {
    TRY_VOID(fits(text_of(*c.password), "password"));
    put_binary(out, *c.password);
  }
  return {};
}

Result<void> put(Bytes& out, const Connack& c, Version version) {
  out.push_back(c.session_present ? 1 : 0);
  out.push_back(version == Version::v5 ? static_cast<std::uint8_t>(c.reason)
                                       : return_code(c.reason));
  put_properties(out, c.properties, version);
  return {};
}

// Reason and properties that may be left out from the right.
void put_ending(Bytes& out, Reason reason, const Properties& p, Version version) {
  if (version != Version::v5 || (reason == Reason::success && p.empty())) return;
  out.push_back(static_cast<std::uint8_t>(reason));
  if (!p.empty()) put_properties(out, p, version);
}

template <PacketType type>
Result<void> put(Bytes& out, const Ack<type>& a, Version version) {
  put_two(out, a.packet_id);
  put_ending(out, a.reason, a.properties, version);
  return {};
}

Result<void> put(Bytes& out, const Subscribe& s, Version version) {
  put_two(out, s.packet_id);
  put_properties(out, s.properties, version);
  for (const Subscription& one : s.subscriptions) {
    TRY_VOID(fits(one.filter, "topic filter"));
    put_text(out, one.filter);
    int options = one.qos;
    if (version == Version::v5)
      options |= (one.no_local ? 0x04 : 0) | (one.retain_as_published ? 0x08 : 0) |
                 one.retain_handling << 4;
    out.push_back(static_cast<std::uint8_t>(options));
  }
  return {};
}

Result<void> put(Bytes& out, const Suback& s, Version version) {
  put_two(out, s.packet_id);
  put_properties(out, s.properties, version);
  for (Reason r : s.reasons) {
    if (version != Version::v5 && is_failure(r)) r = Reason::unspecified_error;
    out.push_back(static_cast<std::uint8_t>(r));
  }
  return {};
}

Result<void> put(Bytes& out, const Unsubscribe& u, Version version) {
  put_two(out, u.packet_id);
  put_properties(out, u.properties, version);
  for (std::string_view filter : u.filters) {
    TRY_VOID(fits(filter, "topic filter"));
    put_text(out, filter);
  }
  return {};
}

Result<void> put(Bytes& out, const Unsuback& u, Version version) {
  put_two(out, u.packet_id);
  if (version != Version::v5) return {};
  put_properties(out, u.properties, version);
  for (Reason r : u.reasons) out.push_back(static_cast<std::uint8_t>(r));
  return {};
}

Result<void> put(Bytes&, const Pingreq&, Version) {
  return {};
}
Result<void> put(Bytes&, const Pingresp&, Version) {
  return {};
}
Result<void> put(Bytes& out, const Disconnect& d, Version version) {
  put_ending(out, d.reason, d.properties, version);
  return {};
}
Result<void> put(Bytes& out, const Auth& a, Version version) {
  if (version != Version::v5) return fail(Fault::invalid, "MQTT 3.1.1 has no AUTH packet");
  put_ending(out, a.reason, a.properties, version);
  return {};
}
}  // namespace

const char* name_of(PacketType t) {
  static constexpr const char* names[] = {"packet",    "CONNECT",  "CONNACK",     "PUBLISH",
                                          "PUBACK",    "PUBREC",   "PUBREL",      "PUBCOMP",
                                          "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK",
                                          "PINGREQ",   "PINGRESP", "DISCONNECT",  "AUTH"};
  return names[static_cast<int>(t) & 15];
}

PacketType type_of(const Packet& p) {
  return static_cast<PacketType>(p.index() + 1);  // the variant is in the order of the numbers
}

Result<void> append(Bytes& out, const Packet& packet, Version version) {
  if (auto* publish = std::get_if<Publish>(&packet)) return append_publish(out, *publish, version);
  PacketType type = type_of(packet);
  bool acts = type == PacketType::pubrel || type == PacketType::subscribe ||
              type == PacketType::unsubscribe;
  Bytes body;
  TRY_VOID(std::visit(
      [&]<class T>(const T& p) -> Result<void> {
        if constexpr (std::is_same_v<T, Publish>)
          return {};
        else
          return put(body, p, version);
      },
      packet));
  if (body.size() > body_max) return fail(Fault::invalid, "packet over 256 MiB");
  out.reserve(out.size() + body.size() + 5);
  out.push_back(first_byte(type, acts ? 0x02 : 0));
  put_varint(out, static_cast<std::uint32_t>(body.size()));
  put_bytes(out, body);
  return {};
}

Result<void> append_publish(Bytes& out, const Publish& p, Version version) {
  TRY_VOID(fits(p.topic, "topic name"));
  std::size_t properties = p.properties.bytes().size();
  std::size_t body = 2 + p.topic.size() + (p.qos ? 2 : 0) + p.payload.size();
  if (version == Version::v5) body += varint_size(properties) + properties;
  if (body > body_max) return fail(Fault::invalid, "packet over 256 MiB");
  int flags = (p.duplicate ? 0x08 : 0) | p.qos << 1 | (p.retain ? 0x01 : 0);
  std::size_t old = out.size();
  if (out.capacity() < old + body + 5) out.reserve(std::max(2 * old, old + body + 5));
  out.push_back(first_byte(PacketType::publish, static_cast<std::uint8_t>(flags)));
  put_varint(out, static_cast<std::uint32_t>(body));
  put_text(out, p.topic);
  if (p.qos) put_two(out, p.packet_id);
  put_properties(out, p.properties, version);
  put_bytes(out, p.payload);
  return {};
}

void append_puback(Bytes& out, std::uint16_t packet_id, Version version, Reason reason) {
  bool says_why = version == Version::v5 && reason != Reason::success;
  std::uint8_t packet[5] = {
      first_byte(PacketType::puback), static_cast<std::uint8_t>(says_why ? 3 : 2),
      static_cast<std::uint8_t>(packet_id >> 8), static_cast<std::uint8_t>(packet_id),
      static_cast<std::uint8_t>(reason)};
  out.insert(out.end(), packet, packet + (says_why ? 5 : 4));
}

void append_pingresp(Bytes& out) {
  out.push_back(first_byte(PacketType::pingresp));
  out.push_back(0);
}

}  // namespace muster::wire::mqtt
