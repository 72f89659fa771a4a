#include <algorithm>
#include <span>
#include <string>

#include "wire/internal/mqtt_property_rules.h"
#include "wire/internal/mqtt_reader.h"
#include "wire/mqtt.h"
#include "wire/topic.h"

namespace muster::wire::mqtt {
namespace {

// What all packets need to be read: where, how long, in which version.
struct Frame {
  PacketType type = PacketType::connect;
  std::uint8_t flags = 0;
  std::size_t header = 0;
  std::size_t body = 0;
};

MqttError refusal(PacketType type, const char* field, const char* fault, Reason reason) {
  MqttError e;
  e.fault = Fault::invalid;
  e.message = std::string(name_of(type)) + ": " + field + " " + fault;
  e.reason = reason;
  return e;
}

// Bits 3 to 0 of the first byte, for the packets that do not choose them.
std::uint8_t fixed_flags(PacketType t) {
  bool acts = t == PacketType::pubrel || t == PacketType::subscribe || t == PacketType::unsubscribe;
  return acts ? 0x02 : 0x00;
}

const char* flags_clause(PacketType t) {
  switch (t) {
    case PacketType::pubrel:
      return "are not 0010 [MQTT-3.6.1-1]";
    case PacketType::subscribe:
      return "are not 0010 [MQTT-3.8.1-1]";
    case PacketType::unsubscribe:
      return "are not 0010 [MQTT-3.10.1-1]";
    case PacketType::disconnect:
      return "are not 0000 [MQTT-3.14.1-1]";
    case PacketType::auth:
      return "are not 0000 [MQTT-3.15.1-1]";
    default:
      return "are not 0000 [MQTT-2.1.3-1]";
  }
}

std::unexpected<MqttError> refuse(PacketType type, const char* field, const char* fault,
                                  Reason reason = Reason::malformed_packet) {
  return std::unexpected(refusal(type, field, fault, reason));
}

MqttResult<std::optional<Frame>> read_frame(ByteView in, Version version, const Limits& limits) {
  if (in.empty()) return std::nullopt;
  Frame f{.type = static_cast<PacketType>(in[0] >> 4),
          .flags = static_cast<std::uint8_t>(in[0] & 15)};
  if (in[0] >> 4 == 0) return refuse(f.type, "packet type", "0 is reserved [section 2.1.2]");
  if (f.type == PacketType::auth && version != Version::v5)
    return refuse(f.type, "packet type", "15 is reserved in MQTT 3.1.1 [3.1.1 section 2.2.1]");
  if (f.type != PacketType::publish && f.flags != fixed_flags(f.type))
    return refuse(f.type, "flags", flags_clause(f.type));
  for (std::size_t i = 1; i <= 4; ++i) {
    if (i == in.size()) return std::nullopt;
    f.body |= static_cast<std::size_t>(in[i] & 0x7f) << (7 * (i - 1));
    if (in[i] & 0x80) continue;
    if (i > 1 && in[i] == 0 && version == Version::v5)
      return refuse(f.type, "remaining length", "is not in its shortest form [MQTT-1.5.5-1]");
    f.header = i + 1;
    if (f.header + f.body > limits.packet_max)
      return refuse(f.type, "remaining length", "is over the limit [section 3.1.2.11.4]",
                    Reason::packet_too_large);
    return f;
  }
  return refuse(f.type, "remaining length", "is longer than four bytes [section 2.1.4]");
}

Properties properties(Reader& in, Version version, PacketType type) {
  return version == Version::v5 ? take_properties(in, place_of(type)) : Properties{};
}

std::uint16_t packet_id(Reader& in) {
  std::uint16_t id = in.two("packet identifier");
  if (id == 0) in.refuse("packet identifier", "is 0 [MQTT-2.2.1-3]");
  return id;
}

std::string_view topic_name(Reader& in, const char* field) {
  std::string_view topic = in.unchecked_text(field);
  if (const char* fault = fault_of_topic(topic)) in.refuse(field, fault);
  return topic;
}

Version protocol(Reader& in) {
  std::string_view name = in.unchecked_text("protocol name");
  std::uint8_t level = in.byte("protocol version");
  if (name != "MQTT" && name != "MQIsdp")
    in.refuse("protocol name", "is not MQTT [MQTT-3.1.2-1]", Reason::unsupported_protocol_version);
  if (name != "MQTT" || (level != 4 && level != 5))
    in.refuse("protocol version", "is neither 4 (3.1.1) nor 5 [MQTT-3.1.2-2]",
              Reason::unsupported_protocol_version);
  return level == 5 ? Version::v5 : Version::v3_1_1;
}

void check_connect_flags(Reader& in, std::uint8_t flags, Version version) {
  bool will = flags & 0x04;
  if (flags & 0x01) in.refuse("connect flags", "have the reserved bit [MQTT-3.1.2-3]");
  if (!will && (flags & 0x18)) in.refuse("will QoS", "comes without a will [MQTT-3.1.2-11]");
  if (!will && (flags & 0x20)) in.refuse("will retain", "comes without a will [MQTT-3.1.2-13]");
  if ((flags & 0x18) == 0x18) in.refuse("will QoS", "is 3 [MQTT-3.1.2-12]");
  if (version == Version::v3_1_1 && (flags & 0xc0) == 0x40)
    in.refuse("password", "comes without a user name [3.1.1 MQTT-3.1.2-22]");
}

Connect read_connect(Reader& in) {
  Connect c;
  c.version = protocol(in);
  std::uint8_t flags = in.byte("connect flags");
  check_connect_flags(in, flags, c.version);
  c.clean_start = flags & 0x02;
  c.keep_alive_s = in.two("keep alive");
  c.properties = properties(in, c.version, PacketType::connect);
  c.client_id = in.text("client identifier");
  if (in.ok() && c.version == Version::v3_1_1 && c.client_id.empty() && !c.clean_start)
    in.refuse("client identifier", "is empty, and the session not clean [3.1.1 MQTT-3.1.3-8]",
              Reason::client_identifier_not_valid);
  if (flags & 0x04) {
    Will will{.topic = {}, .payload = {}};
    if (c.version == Version::v5) will.properties = take_properties(in, Place::will);
    will.topic = topic_name(in, "will topic");
    will.payload = in.binary("will payload");
    will.qos = flags >> 3 & 3;
    will.retain = flags & 0x20;
    c.will = will;
  }
  if (flags & 0x80) c.user_name = in.text("user name");
  if (flags & 0x40) c.password = in.binary("password");
  return c;
}

bool one_of(std::uint8_t code, std::span<const std::uint8_t> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

struct ReasonRule {
  std::span<const std::uint8_t> codes;
  const char* fault;
};

// MQTT 5.0: each packet's own table of reason codes.
ReasonRule reasons_of(PacketType t) {
  static constexpr std::uint8_t connack[] = {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
                                             0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97,
                                             0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f};
  static constexpr std::uint8_t received[] = {0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
  static constexpr std::uint8_t finished[] = {0, 0x92};
  static constexpr std::uint8_t suback[] = {0,    1,    2,    0x80, 0x83, 0x87,
                                            0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2};
  static constexpr std::uint8_t unsuback[] = {0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91};
  static constexpr std::uint8_t disconnect[] = {
      0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94,
      0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2};
  static constexpr std::uint8_t auth[] = {0, 0x18, 0x19};
  switch (t) {
    case PacketType::connack:
      return {connack, "is none of CONNACK's [MQTT-3.2.2-8]"};
    case PacketType::puback:
      return {received, "is none of PUBACK's [MQTT-3.4.2-1]"};
    case PacketType::pubrec:
      return {received, "is none of PUBREC's [MQTT-3.5.2-1]"};
    case PacketType::pubrel:
      return {finished, "is none of PUBREL's [MQTT-3.6.2-1]"};
    case PacketType::pubcomp:
      return {finished, "is none of PUBCOMP's [MQTT-3.7.2-1]"};
    case PacketType::suback:
      return {suback, "is none of SUBACK's [MQTT-3.9.3-2]"};
    case PacketType::unsuback:
      return {unsuback, "is none of UNSUBACK's [MQTT-3.11.3-2]"};
    case PacketType::disconnect:
      return {disconnect, "is none of DISCONNECT's [MQTT-3.14.2-1]"};
    default:
      return {auth, "is none of AUTH's [MQTT-3.15.2-1]"};
  }
}

Reason reason(Reader& in, PacketType type) {
  std::uint8_t code = in.byte("reason code");
  ReasonRule rule = reasons_of(type);
  if (!one_of(code, rule.codes)) in.refuse("reason code", rule.fault);
  return static_cast<Reason>(code);
}

Reason return_code(Reader& in) {  // of CONNACK in 3.1.1, table 3.1
  static constexpr Reason meaning[] = {
      Reason::success,
      Reason::unsupported_protocol_version,
      Reason::client_identifier_not_valid,
      Reason::server_unavailable,
      Reason::bad_user_name_or_password,
      Reason::not_authorized,
  };
  std::uint8_t code = in.byte("return code");
  if (code < std::size(meaning)) return meaning[code];
  in.refuse("return code", "is over 5 [3.1.1 section 3.2.2.3]");
  return Reason::unspecified_error;
}

Connack read_connack(Reader& in, Version version) {
  Connack c;
  std::uint8_t flags = in.byte("acknowledge flags");
  if (flags > 1) in.refuse("acknowledge flags", "have reserved bits [MQTT-3.2.2-1]");
  c.session_present = flags & 1;
  c.reason = version == Version::v5 ? reason(in, PacketType::connack) : return_code(in);
  if (c.session_present && c.reason != Reason::success)
    in.refuse("session present", "is set beside a refusal [MQTT-3.2.2-6]");
  c.properties = properties(in, version, PacketType::connack);
  return c;
}

Publish read_publish(Reader& in, Version version, std::uint8_t flags) {
  Publish p;
  p.duplicate = flags & 0x08;
  p.qos = flags >> 1 & 3;
  p.retain = flags & 0x01;
  if (p.qos == 3) in.refuse("QoS", "is 3 [MQTT-3.3.1-4]");
  if (p.duplicate && p.qos == 0) in.refuse("DUP", "is set at QoS 0 [MQTT-3.3.1-2]");
  p.topic = in.unchecked_text("topic name");
  bool aliased = p.topic.empty() && version == Version::v5;
  if (const char* fault = aliased ? nullptr : fault_of_topic(p.topic))
    in.refuse("topic name", fault);
  if (p.qos) p.packet_id = packet_id(in);
  p.properties = properties(in, version, PacketType::publish);
  if (aliased && in.ok() && !p.properties.number(Property::topic_alias))
    in.refuse("topic name", "is empty without a topic alias [section 3.3.2.1]",
              Reason::protocol_error);
  p.payload = in.rest();
  return p;
}

template <PacketType type>
Ack<type> read_ack(Reader& in, Version version) {
  Ack<type> a;
  a.packet_id = packet_id(in);
  if (version == Version::v5 && in.left()) a.reason = reason(in, type);
  if (version == Version::v5 && in.left()) a.properties = take_properties(in, place_of(type));
  return a;
}

std::string_view filter(Reader& in) {
  std::string_view f = in.unchecked_text("topic filter");
  if (const char* fault = fault_of_filter(f)) in.refuse("topic filter", fault);
  return f;
}

Subscription read_subscription(Reader& in, Version version) {
  Subscription s{.filter = filter(in)};
  std::uint8_t options = in.byte("subscription options");
  if (options & (version == Version::v5 ? 0xc0 : 0xfc))
    in.refuse("subscription options", "have reserved bits [MQTT-3.8.3-5]");
  s.qos = options & 3;
  s.no_local = options & 0x04;
  s.retain_as_published = options & 0x08;
  s.retain_handling = options >> 4 & 3;
  if (s.qos == 3) in.refuse("requested QoS", "is 3 [section 3.8.3.1]", Reason::protocol_error);
  if (s.retain_handling == 3)
    in.refuse("retain handling", "is 3 [section 3.8.3.1]", Reason::protocol_error);
  if (s.no_local && shared_filter(s.filter))
    in.refuse("no local", "is set on a shared subscription [MQTT-3.8.3-4]", Reason::protocol_error);
  return s;
}

Subscribe read_subscribe(Reader& in, Version version, const Limits& limits) {
  Subscribe s;
  s.packet_id = packet_id(in);
  s.properties = properties(in, version, PacketType::subscribe);
  while (in.left()) {
    s.subscriptions.push_back(read_subscription(in, version));
    if (s.subscriptions.size() > limits.filters_max)
      in.refuse("topic filters", "are over the limit", Reason::quota_exceeded);
  }
  if (in.ok() && s.subscriptions.empty())
    in.refuse("topic filter", "is missing [MQTT-3.8.3-2]", Reason::protocol_error);
  return s;
}

Unsubscribe read_unsubscribe(Reader& in, Version version, const Limits& limits) {
  Unsubscribe u;
  u.packet_id = packet_id(in);
  u.properties = properties(in, version, PacketType::unsubscribe);
  while (in.left()) {
    u.filters.push_back(filter(in));
    if (u.filters.size() > limits.filters_max)
      in.refuse("topic filters", "are over the limit", Reason::quota_exceeded);
  }
  if (in.ok() && u.filters.empty())
    in.refuse("topic filter", "is missing [MQTT-3.10.3-2]", Reason::protocol_error);
  return u;
}

Suback read_suback(Reader& in, Version version) {
  Suback s;
  s.packet_id = packet_id(in);
  s.properties = properties(in, version, PacketType::suback);
  while (in.left()) {
    s.reasons.push_back(reason(in, PacketType::suback));
    if (version == Version::v3_1_1 && s.reasons.back() > Reason::unspecified_error)
      in.refuse("return code", "is none of SUBACK's [3.1.1 MQTT-3.9.3-2]");
  }
  if (in.ok() && s.reasons.empty()) in.refuse("reason code", "is missing [section 3.9.3]");
  return s;
}

Unsuback read_unsuback(Reader& in, Version version) {
  Unsuback u;
  u.packet_id = packet_id(in);
  if (version == Version::v3_1_1) return u;
  u.properties = take_properties(in, place_of(PacketType::unsuback));
  while (in.left()) u.reasons.push_back(reason(in, PacketType::unsuback));
  if (in.ok() && u.reasons.empty()) in.refuse("reason code", "is missing [section 3.11.3]");
  return u;
}

template <class T>
T read_farewell(Reader& in, Version version, PacketType type) {
  T t;
  if (version == Version::v5 && in.left()) t.reason = reason(in, type);
  if (version == Version::v5 && in.left()) t.properties = take_properties(in, place_of(type));
  return t;
}

Packet read_packet(Reader& in, const Frame& f, Version version, const Limits& limits) {
  switch (f.type) {
    case PacketType::connect:
      return read_connect(in);
    case PacketType::connack:
      return read_connack(in, version);
    case PacketType::publish:
      return read_publish(in, version, f.flags);
    case PacketType::puback:
      return read_ack<PacketType::puback>(in, version);
    case PacketType::pubrec:
      return read_ack<PacketType::pubrec>(in, version);
    case PacketType::pubrel:
      return read_ack<PacketType::pubrel>(in, version);
    case PacketType::pubcomp:
      return read_ack<PacketType::pubcomp>(in, version);
    case PacketType::subscribe:
      return read_subscribe(in, version, limits);
    case PacketType::suback:
      return read_suback(in, version);
    case PacketType::unsubscribe:
      return read_unsubscribe(in, version, limits);
    case PacketType::unsuback:
      return read_unsuback(in, version);
    case PacketType::pingreq:
      return Pingreq{};
    case PacketType::pingresp:
      return Pingresp{};
    case PacketType::disconnect:
      return read_farewell<Disconnect>(in, version, f.type);
    case PacketType::auth:
      return read_farewell<Auth>(in, version, f.type);
  }
  return Pingreq{};  // read_frame has refused type 0
}

}  // namespace

MqttResult<std::optional<Decoded>> decode(ByteView in, Version version, const Limits& limits) {
  TRY(auto frame, read_frame(in, version, limits));
  if (!frame || in.size() < frame->header + frame->body) return std::nullopt;
  Reader body(in.subspan(frame->header, frame->body));
  MqttResult<std::optional<Decoded>> out(
      std::in_place,
      Decoded{read_packet(body, *frame, version, limits), frame->header + frame->body});
  if (body.left()) body.refuse("packet", "has bytes after its last field");
  if (!body.ok()) return refuse(frame->type, body.field(), body.fault(), body.reason());
  return out;
}

}  // namespace muster::wire::mqtt
