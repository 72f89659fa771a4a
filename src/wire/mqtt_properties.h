// wire/mqtt_properties -- the properties of MQTT 5.0 (section 2.2.2): read where they lie, written
// into a list.
//
// A Properties is a view of bytes that decode() has checked: each identifier is allowed in its
// packet, is there once unless it may repeat, and has a value in range. So reading cannot fail, and
// a message is passed on with its properties as they came. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace muster::wire::mqtt {

enum class Property : std::uint8_t {
  payload_format = 0x01,              // number: 1 when the payload is UTF-8
  message_expiry = 0x02,              // number, seconds
  content_type = 0x03,                // text
  response_topic = 0x08,              // text
  correlation_data = 0x09,            // binary
  subscription_identifier = 0x0b,     // number, may repeat in PUBLISH
  session_expiry = 0x11,              // number, seconds; 0xffffffff: never
  assigned_client_id = 0x12,          // text
  server_keep_alive = 0x13,           // number, seconds
  authentication_method = 0x15,       // text
  authentication_data = 0x16,         // binary
  request_problem = 0x17,             // number, 0 or 1
  will_delay = 0x18,                  // number, seconds
  request_response = 0x19,            // number, 0 or 1
  response_information = 0x1a,        // text
  server_reference = 0x1c,            // text
  reason_string = 0x1f,               // text
  receive_maximum = 0x21,             // number, not 0
  topic_alias_maximum = 0x22,         // number
  topic_alias = 0x23,                 // number, not 0
  maximum_qos = 0x24,                 // number, 0 or 1
  retain_available = 0x25,            // number, 0 or 1
  user_property = 0x26,               // a name and a value, may repeat
  maximum_packet_size = 0x27,         // number, not 0
  wildcards_available = 0x28,         // number, 0 or 1
  subscription_ids_available = 0x29,  // number, 0 or 1
  shared_available = 0x2a,            // number, 0 or 1
};

const char* name_of(Property);

struct UserProperty {
  std::string_view name;
  std::string_view value;
  bool operator==(const UserProperty&) const = default;
};

class Properties {
 public:
  Properties() = default;                    // none
  ByteView bytes() const { return bytes_; }  // without their length
  bool empty() const { return bytes_.empty(); }

  std::optional<std::uint32_t> number(Property) const;
  std::optional<std::string_view> text(Property) const;
  std::optional<ByteView> binary(Property) const;
  std::vector<UserProperty> user() const;

 private:
  friend class PropertyList;
  friend Properties checked_properties(ByteView);
  explicit Properties(ByteView checked) : bytes_(checked) {}
  ByteView bytes_;
};

// Properties being put together. The Properties it gives out are a view of it. What goes in is the
// caller's word: a value of the right kind, text in UTF-8, at most 65535 bytes each.
class PropertyList {
 public:
  PropertyList& number(Property, std::uint32_t);
  PropertyList& text(Property, std::string_view);
  PropertyList& binary(Property, ByteView);
  PropertyList& user(std::string_view name, std::string_view value);
  PropertyList& copy(const Properties&, Property leave_out);  // all but one, e.g. topic_alias
  Properties view() const { return Properties(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace muster::wire::mqtt
