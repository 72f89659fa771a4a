#include "wire/mqtt_reason.h"

namespace muster::wire::mqtt {

namespace {

struct Named {
  Reason reason;
  const char* name;
};
constexpr Named names[] = {
    {Reason::success, "success"},
    {Reason::granted_qos_1, "granted QoS 1"},
    {Reason::granted_qos_2, "granted QoS 2"},
    {Reason::disconnect_with_will, "disconnect with will message"},
    {Reason::no_matching_subscribers, "no matching subscribers"},
    {Reason::no_subscription_existed, "no subscription existed"},
    {Reason::continue_authentication, "continue authentication"},
    {Reason::reauthenticate, "re-authenticate"},
    {Reason::unspecified_error, "unspecified error"},
    {Reason::malformed_packet, "malformed packet"},
    {Reason::protocol_error, "protocol error"},
    {Reason::implementation_specific_error, "implementation specific error"},
    {Reason::unsupported_protocol_version, "unsupported protocol version"},
    {Reason::client_identifier_not_valid, "client identifier not valid"},
    {Reason::bad_user_name_or_password, "bad user name or password"},
    {Reason::not_authorized, "not authorized"},
    {Reason::server_unavailable, "server unavailable"},
    {Reason::server_busy, "server busy"},
    {Reason::banned, "banned"},
    {Reason::server_shutting_down, "server shutting down"},
    {Reason::bad_authentication_method, "bad authentication method"},
    {Reason::keep_alive_timeout, "keep alive timeout"},
    {Reason::session_taken_over, "session taken over"},
    {Reason::topic_filter_invalid, "topic filter invalid"},
    {Reason::topic_name_invalid, "topic name invalid"},
    {Reason::packet_identifier_in_use, "packet identifier in use"},
    {Reason::packet_identifier_not_found, "packet identifier not found"},
    {Reason::receive_maximum_exceeded, "receive maximum exceeded"},
    {Reason::topic_alias_invalid, "topic alias invalid"},
    {Reason::packet_too_large, "packet too large"},
    {Reason::message_rate_too_high, "message rate too high"},
    {Reason::quota_exceeded, "quota exceeded"},
    {Reason::administrative_action, "administrative action"},
    {Reason::payload_format_invalid, "payload format invalid"},
    {Reason::retain_not_supported, "retain not supported"},
    {Reason::qos_not_supported, "QoS not supported"},
    {Reason::use_another_server, "use another server"},
    {Reason::server_moved, "server moved"},
    {Reason::shared_subscriptions_not_supported, "shared subscriptions not supported"},
    {Reason::connection_rate_exceeded, "connection rate exceeded"},
    {Reason::maximum_connect_time, "maximum connect time"},
    {Reason::subscription_identifiers_not_supported, "subscription identifiers not supported"},
    {Reason::wildcard_subscriptions_not_supported, "wildcard subscriptions not supported"},
};

}  // namespace

const char* name_of(Reason r) {
  for (const Named& n : names)
    if (n.reason == r) return n.name;
  return "unknown reason";
}

Reason reason_of(Fault f) {
  switch (f) {
    case Fault::invalid:
      return Reason::malformed_packet;
    case Fault::unauthorized:
      return Reason::bad_user_name_or_password;
    case Fault::forbidden:
      return Reason::not_authorized;
    case Fault::missing:
      return Reason::topic_name_invalid;
    case Fault::conflict:
      return Reason::implementation_specific_error;
    case Fault::exhausted:
      return Reason::quota_exceeded;
    case Fault::unavailable:
      return Reason::server_unavailable;
    case Fault::corrupt:
      return Reason::payload_format_invalid;
    case Fault::internal:
      return Reason::unspecified_error;
  }
  return Reason::unspecified_error;
}

}  // namespace muster::wire::mqtt
