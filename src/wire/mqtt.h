// wire/mqtt -- MQTT 3.1.1 and 5.0 packets to values and back, for a server and for a client.
//
// decode() never copies: every view in a packet points into the input, and lives as long as it. It
// holds a packet to all that can be said of it alone: form, reserved bits, UTF-8, topic names and
// filters, which properties and reason codes belong in it, their ranges. What depends on who sends
// it, on the session or on policy (packet identifiers in use, topic aliases, quotas) is the
// session's business. Both versions speak Reason and Properties; 3.1.1 loses what it cannot carry.
//
// No I/O, no clock, no state; any thread. Clauses in messages are numbered as in MQTT 5.0, unless
// they say 3.1.1.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/mqtt_properties.h"
#include "wire/mqtt_reason.h"

namespace muster::wire::mqtt {

enum class Version : std::uint8_t { v3_1_1 = 4, v5 = 5 };  // the protocol level of CONNECT

enum class PacketType : std::uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};
const char* name_of(PacketType);  // "PUBLISH"

struct Will {
  std::string_view topic;
  ByteView payload;
  std::uint8_t qos = 0;
  bool retain = false;
  Properties properties = {};
};

struct Connect {
  Version version = Version::v5;
  bool clean_start = true;
  std::uint16_t keep_alive_s = 0;  // 0: none
  std::string_view client_id;
  std::optional<Will> will = {};
  std::optional<std::string_view> user_name = {};
  std::optional<ByteView> password = {};
  Properties properties = {};
};

struct Connack {
  bool session_present = false;
  Reason reason = Reason::success;
  Properties properties = {};
};

struct Publish {
  std::string_view topic;  // may be empty in 5.0 beside a topic alias
  ByteView payload;
  std::uint8_t qos = 0;
  bool retain = false;
  bool duplicate = false;
  std::uint16_t packet_id = 0;  // 0 exactly when qos is 0
  Properties properties = {};
};

template <PacketType type>
struct Ack {
  std::uint16_t packet_id = 0;
  Reason reason = Reason::success;
  Properties properties = {};
};
using Puback = Ack<PacketType::puback>;
using Pubrec = Ack<PacketType::pubrec>;
using Pubrel = Ack<PacketType::pubrel>;
using Pubcomp = Ack<PacketType::pubcomp>;

struct Subscription {
  std::string_view filter;
  std::uint8_t qos = 0;
  bool no_local = false;             // 5.0
  bool retain_as_published = false;  // 5.0
  std::uint8_t retain_handling = 0;  // 5.0: send retained 0 always, 1 if new, 2 never
};
struct Subscribe {
  std::uint16_t packet_id = 0;
  std::vector<Subscription> subscriptions;
  Properties properties = {};
};
struct Suback {
  std::uint16_t packet_id = 0;
  std::vector<Reason> reasons;  // one for each subscription, in order
  Properties properties = {};
};
struct Unsubscribe {
  std::uint16_t packet_id = 0;
  std::vector<std::string_view> filters;
  Properties properties = {};
};
struct Unsuback {
  std::uint16_t packet_id = 0;
  std::vector<Reason> reasons;  // 3.1.1 has none
  Properties properties = {};
};
struct Pingreq {};
struct Pingresp {};
struct Disconnect {
  Reason reason = Reason::success;
  Properties properties = {};
};
struct Auth {  // 5.0
  Reason reason = Reason::success;
  Properties properties = {};
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;
PacketType type_of(const Packet&);

struct Limits {
  std::size_t packet_max = 256 * 1024;  // bytes, the fixed header included
  std::size_t filters_max = 256;        // in one SUBSCRIBE or UNSUBSCRIBE
};

// Why a packet was refused, and the code to close the connection with (in CONNACK or DISCONNECT).
// It is an Error, so TRY works in a function of Result.
struct MqttError : Error {
  Reason reason = Reason::malformed_packet;
};
template <class T>
using MqttResult = std::expected<T, MqttError>;

struct Decoded {
  Packet packet;
  std::size_t size = 0;  // bytes of input it took
};

// nullopt: more bytes are needed. Size and flags are judged as soon as the fixed header is there,
// so that nobody waits for, or makes room for, a packet that will be refused. The version is what
// CONNECT agreed on; a CONNECT itself says its own.
MqttResult<std::optional<Decoded>> decode(ByteView in, Version, const Limits& = {});

// Appends; on failure nothing is appended. Fails when a text is over 65535 bytes, a packet over 256
// MiB, or the version has no such packet.
Result<void> append(Bytes& out, const Packet&, Version);
Result<void> append_publish(Bytes& out, const Publish&, Version);
void append_puback(Bytes& out, std::uint16_t packet_id, Version, Reason = Reason::success);
void append_pingresp(Bytes& out);

}  // namespace muster::wire::mqtt
