#include "wire/mqtt_properties.h"

#include <array>
#include <utility>

#include "wire/internal/mqtt_property_rules.h"
#include "wire/internal/mqtt_writer.h"
#include "wire/topic.h"

namespace muster::wire::mqtt {

enum class Spelling : std::uint8_t { none, byte, two, four, varint, text, binary, pair };

namespace {

struct Rule {
  Spelling spelling = Spelling::none;
  std::uint16_t places = 0;  // a bit for each Place
  bool not_zero = false;
  bool zero_or_one = false;
  const char* name = "property";
};

constexpr std::uint16_t at(std::initializer_list<PacketType> types, bool will = false) {
  std::uint16_t places = will ? 1 : 0;
  for (PacketType t : types) places |= static_cast<std::uint16_t>(1 << static_cast<int>(t));
  return places;
}

// MQTT 5.0, table 2-4.
constexpr auto rules = [] {
  using enum PacketType;
  using enum Spelling;
  constexpr auto message = at({publish}, true);
  constexpr auto both_connects = at({connect, connack});
  constexpr auto exchange = at({connect, connack, mqtt::PacketType::auth});
  constexpr auto answers = at({connack, puback, pubrec, pubrel, pubcomp, suback, unsuback,
                               disconnect, mqtt::PacketType::auth});
  std::array<Rule, 0x2b> r{};
  r[0x01] = {byte, message, false, true, "payload format indicator"};
  r[0x02] = {four, message, false, false, "message expiry interval"};
  r[0x03] = {text, message, false, false, "content type"};
  r[0x08] = {text, message, false, false, "response topic"};
  r[0x09] = {binary, message, false, false, "correlation data"};
  r[0x0b] = {varint, at({publish, subscribe}), true, false, "subscription identifier"};
  r[0x11] = {four, at({connect, connack, disconnect}), false, false, "session expiry interval"};
  r[0x12] = {text, at({connack}), false, false, "assigned client identifier"};
  r[0x13] = {two, at({connack}), false, false, "server keep alive"};
  r[0x15] = {text, exchange, false, false, "authentication method"};
  r[0x16] = {binary, exchange, false, false, "authentication data"};
  r[0x17] = {byte, at({connect}), false, true, "request problem information"};
  r[0x18] = {four, at({}, true), false, false, "will delay interval"};
  r[0x19] = {byte, at({connect}), false, true, "request response information"};
  r[0x1a] = {text, at({connack}), false, false, "response information"};
  r[0x1c] = {text, at({connack, disconnect}), false, false, "server reference"};
  r[0x1f] = {text, answers, false, false, "reason string"};
  r[0x21] = {two, both_connects, true, false, "receive maximum"};
  r[0x22] = {two, both_connects, false, false, "topic alias maximum"};
  r[0x23] = {two, at({publish}), true, false, "topic alias"};
  r[0x24] = {byte, at({connack}), false, true, "maximum QoS"};
  r[0x25] = {byte, at({connack}), false, true, "retain available"};
  r[0x26] = {
      pair,
      static_cast<std::uint16_t>(answers | at({connect, publish, subscribe, unsubscribe}, true)),
      false, false, "user property"};
  r[0x27] = {four, both_connects, true, false, "maximum packet size"};
  r[0x28] = {byte, at({connack}), false, true, "wildcard subscription available"};
  r[0x29] = {byte, at({connack}), false, true, "subscription identifiers available"};
  r[0x2a] = {byte, at({connack}), false, true, "shared subscription available"};
  return r;
}();

constexpr Rule no_rule{};

const Rule& rule_of(std::uint32_t id) {
  return id < rules.size() ? rules[id] : no_rule;
}

struct Value {
  std::uint32_t number = 0;
  ByteView bytes = {};   // of a text, of binary data, or the name of a pair
  ByteView second = {};  // the value of a pair
};

Value take_value(Reader& in, const Rule& rule) {
  switch (rule.spelling) {
    case Spelling::byte:
      return {.number = in.byte(rule.name)};
    case Spelling::two:
      return {.number = in.two(rule.name)};
    case Spelling::four:
      return {.number = in.four(rule.name)};
    case Spelling::varint:
      return {.number = in.varint(rule.name)};
    case Spelling::text:
    case Spelling::binary:
      return {.bytes = in.binary(rule.name)};
    case Spelling::pair: {
      ByteView name = in.binary(rule.name);
      return {.bytes = name, .second = in.binary(rule.name)};
    }
    case Spelling::none:
      break;
  }
  return {};
}

void check_value(Reader& in, Property id, const Rule& rule, const Value& v) {
  if (rule.spelling == Spelling::text || rule.spelling == Spelling::pair) {
    if (const char* fault = fault_of_text(text_of(v.bytes))) in.refuse(rule.name, fault);
    if (const char* fault = fault_of_text(text_of(v.second))) in.refuse(rule.name, fault);
  }
  if (rule.zero_or_one && v.number > 1)
    in.refuse(rule.name, "is neither 0 nor 1", Reason::protocol_error);
  if (rule.not_zero && v.number == 0)
    in.refuse(rule.name, "is 0",
              id == Property::topic_alias ? Reason::topic_alias_invalid : Reason::protocol_error);
  if (id == Property::response_topic && !is_topic(text_of(v.bytes)))
    in.refuse(rule.name, "is empty or has a wildcard [MQTT-3.3.2-14]");
}

bool may_repeat(Property id, Place place) {
  return id == Property::user_property ||
         (id == Property::subscription_identifier && place == place_of(PacketType::publish));
}

std::uint64_t bit(Property id) {
  return std::uint64_t{1} << static_cast<int>(id);
}

// Calls f(id, value) for each until it returns false.
template <class F>
void each(ByteView bytes, F f) {
  Reader in(bytes);
  while (in.left()) {
    auto id = in.byte("property");
    if (!f(static_cast<Property>(id), take_value(in, rule_of(id)))) return;
  }
}

std::optional<Value> find(ByteView bytes, Property wanted) {
  std::optional<Value> found;
  each(bytes, [&](Property id, const Value& v) {
    if (id == wanted) found = v;
    return id != wanted;
  });
  return found;
}

}  // namespace

Properties checked_properties(ByteView bytes) {
  return Properties(bytes);
}

Properties take_properties(Reader& in, Place place) {
  std::uint32_t size = in.varint("property length");
  ByteView all = in.bytes(size, "property list");
  Reader inside(all);
  std::uint64_t seen = 0;
  while (inside.left()) {
    std::uint32_t number = inside.varint("property identifier");
    const Rule& rule = rule_of(number);
    if (!(rule.places >> static_cast<int>(place) & 1)) {
      inside.refuse(rule.name, "does not belong here [section 2.2.2.2]");
      break;
    }
    auto id = static_cast<Property>(number);
    if ((seen & bit(id)) && !may_repeat(id, place))
      inside.refuse(rule.name, "is there twice", Reason::protocol_error);
    seen |= bit(id);
    check_value(inside, id, rule, take_value(inside, rule));
  }
  if ((seen & bit(Property::authentication_data)) && !(seen & bit(Property::authentication_method)))
    inside.refuse("authentication data", "comes without a method", Reason::protocol_error);
  if (!inside.ok()) in.refuse(inside.field(), inside.fault(), inside.reason());
  return checked_properties(all);
}

const char* name_of(Property id) {
  return rule_of(static_cast<std::uint32_t>(id)).name;
}

std::optional<std::uint32_t> Properties::number(Property id) const {
  auto found = find(bytes_, id);
  return found ? std::optional(found->number) : std::nullopt;
}

std::optional<std::string_view> Properties::text(Property id) const {
  auto found = find(bytes_, id);
  return found ? std::optional(text_of(found->bytes)) : std::nullopt;
}

std::optional<ByteView> Properties::binary(Property id) const {
  auto found = find(bytes_, id);
  return found ? std::optional(found->bytes) : std::nullopt;
}

std::vector<UserProperty> Properties::user() const {
  std::vector<UserProperty> out;
  each(bytes_, [&](Property id, const Value& v) {
    if (id == Property::user_property) out.push_back({text_of(v.bytes), text_of(v.second)});
    return true;
  });
  return out;
}

PropertyList& PropertyList::number(Property id, std::uint32_t v) {
  bytes_.push_back(static_cast<std::uint8_t>(id));
  switch (rule_of(static_cast<std::uint32_t>(id)).spelling) {
    case Spelling::byte:
      bytes_.push_back(static_cast<std::uint8_t>(v));
      break;
    case Spelling::two:
      put_two(bytes_, static_cast<std::uint16_t>(v));
      break;
    case Spelling::varint:
      put_varint(bytes_, v);
      break;
    default:
      put_four(bytes_, v);
  }
  return *this;
}

PropertyList& PropertyList::text(Property id, std::string_view v) {
  return binary(id, bytes_of(v));
}

PropertyList& PropertyList::binary(Property id, ByteView v) {
  bytes_.push_back(static_cast<std::uint8_t>(id));
  put_binary(bytes_, v);
  return *this;
}

PropertyList& PropertyList::user(std::string_view name, std::string_view value) {
  binary(Property::user_property, bytes_of(name));
  put_binary(bytes_, bytes_of(value));
  return *this;
}

PropertyList& PropertyList::copy(const Properties& from, Property leave_out) {
  ByteView all = from.bytes();
  Reader in(all);
  while (in.left()) {
    std::size_t start = all.size() - in.left();
    auto id = in.byte("property");
    take_value(in, rule_of(id));
    std::size_t end = all.size() - in.left();
    if (static_cast<Property>(id) != leave_out)
      bytes_.insert(bytes_.end(), all.begin() + static_cast<std::ptrdiff_t>(start),
                    all.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return *this;
}

}  // namespace muster::wire::mqtt
