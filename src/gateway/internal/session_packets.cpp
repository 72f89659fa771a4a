// The packets of an accepted session: PUBLISH, SUBSCRIBE and UNSUBSCRIBE.
#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "gateway/internal/session.h"
#include "gateway/internal/shard.h"
#include "wire/topic.h"

namespace muster::gateway {
namespace mqtt = wire::mqtt;
namespace {

constexpr std::string_view devices = "v1/devices/";
constexpr std::size_t filters_max = 32;  // of one application session

// The channel of a topic in the device's own subtree ("telemetry"); empty when it lies elsewhere.
std::string_view channel_of(std::string_view topic, std::string_view device) {
  if (!topic.starts_with(devices)) return {};
  topic.remove_prefix(devices.size());
  if (!topic.starts_with(device) || topic.size() <= device.size() || topic[device.size()] != '/')
    return {};
  return topic.substr(device.size() + 1);
}

// A PUBACK has fewer codes than other packets (MQTT 5.0 table 3-4): what is not among them is a
// matter of the payload or of us.
mqtt::Reason puback_reason(Fault fault) {
  switch (fault) {
    case Fault::invalid:
    case Fault::corrupt:
      return mqtt::Reason::payload_format_invalid;
    case Fault::unauthorized:
    case Fault::forbidden:
      return mqtt::Reason::not_authorized;
    case Fault::exhausted:
      return mqtt::Reason::quota_exceeded;
    case Fault::missing:
    case Fault::conflict:
    case Fault::unavailable:
      return mqtt::Reason::implementation_specific_error;
    case Fault::internal:
      break;
  }
  return mqtt::Reason::unspecified_error;
}

}  // namespace

void Session::acknowledge(std::uint16_t packet_id, Reason reason, std::string_view why) {
  if (packet_id == 0 || phase_ != Phase::accepted) return;
  if (!why.empty()) return explain(mqtt::Puback{.packet_id = packet_id, .reason = reason}, why);
  Bytes& frame = shard_.frame();
  frame.clear();
  mqtt::append_puback(frame, packet_id, version_, reason);
  stream_.write(frame);
}

void Session::kept(std::uint16_t packet_id, const Result<void>& result) {
  if (result) return acknowledge(packet_id, Reason::success);
  if (v5())
    return acknowledge(packet_id, puback_reason(result.error().fault), result.error().message);
  stream_.close(
      result.error());  // 3.1.1 cannot say no: the client sends it again on its next connection
}

void Session::take_publish(const mqtt::Publish& publish, std::size_t size) {
  count(shard_.tally().publishes);
  if (publish.qos > 1)
    return malformed(
        {{Fault::invalid, "QoS 2 is not offered [MQTT-3.2.2-11]", ""}, Reason::qos_not_supported});
  if (publish.retain && v5())
    return malformed({{Fault::invalid, "retained messages are not kept [MQTT-3.2.2-14]", ""},
                      Reason::retain_not_supported});
  if (publish.topic.empty() || publish.properties.number(mqtt::Property::topic_alias))
    return malformed({{Fault::invalid, "topic aliases are not offered [MQTT-3.3.2-9]", ""},
                      Reason::topic_alias_invalid});
  if (application_)
    return refuse_publish(publish, size, Reason::not_authorized, "an application may not publish");
  const std::string_view channel = channel_of(publish.topic, device_.text());
  if (channel == "telemetry") return take_readings(publish, size);
  if (channel == "state" || channel == "results") {
    shard_.route(publish.topic, text_of(publish.payload), publish.qos);
    std::string payload(text_of(publish.payload));
    return channel == "state"
               ? ask_and_acknowledge(link::State{device_, std::move(payload)}, publish.packet_id)
               : ask_and_acknowledge(link::Report{device_, std::move(payload)}, publish.packet_id);
  }
  if (channel == "events") {
    shard_.add(handle_, slot_, size, {}, publish.packet_id);
    return shard_.route(publish.topic, text_of(publish.payload), publish.qos);
  }
  refuse_publish(publish, size, Reason::not_authorized,
                 "a device may publish to telemetry, state, events and results under v1/devices/" +
                     name() + " only, not to " + std::string(shortened(publish.topic, 128)));
}

void Session::take_readings(const mqtt::Publish& publish, std::size_t size) {
  auto records = shard_.senml().read(publish.payload, millis(shard_.now()));
  if (!records) {
    count(shard_.tally().publishes_refused);
    return acknowledge(publish.packet_id, Reason::payload_format_invalid, records.error().message);
  }
  shard_.add(handle_, slot_, size, *records, publish.packet_id);
  shard_.route(publish.topic, text_of(publish.payload), publish.qos);
}

void Session::ask(link::Request request,
                  std::move_only_function<void(Session&, Result<link::Reply>)> then) {
  ++asked_;
  shard_.ask(handle_, std::move(request),
             [then = std::move(then)](Session& self, Result<link::Reply> reply) mutable {
               --self.asked_;
               then(self, std::move(reply));
               self.go_on();
             });
}

void Session::ask_and_acknowledge(link::Request request, std::uint16_t packet_id) {
  ask(std::move(request), [packet_id](Session& self, Result<link::Reply> reply) {
    if (reply) return self.acknowledge(packet_id, Reason::success);
    count(self.shard_.tally().publishes_refused);
    if (reply.error().fault == Fault::unavailable)
      return self.stream_.close(reply.error());  // it asks again
    self.acknowledge(packet_id, puback_reason(reply.error().fault), reply.error().message);
  });
}

void Session::refuse_publish(const mqtt::Publish& publish, std::size_t size, Reason reason,
                             std::string why) {
  count(shard_.tally().publishes_refused);
  if (!application_) shard_.add_refused(slot_, size);
  shard_.report(link::Misuse{name(), "topic.refused", why});
  if (v5() && publish.packet_id) return acknowledge(publish.packet_id, reason, why);
  go(reason, why);  // there is no other way to say no to QoS 0, or in 3.1.1 (4.8, "close the
                    // network connection")
}

// --- SUBSCRIBE ---

void Session::take_subscribe(const mqtt::Subscribe& subscribe) {
  if (subscribe.properties.number(mqtt::Property::subscription_identifier))
    return malformed(
        {{Fault::invalid, "subscription identifiers are not offered [section 3.2.2.3.12]", ""},
         Reason::subscription_identifiers_not_supported});
  mqtt::Suback answer{.packet_id = subscribe.packet_id, .reasons = {}, .properties = {}};
  std::array<bool, channels> fresh{};
  for (const auto& each : subscribe.subscriptions)
    answer.reasons.push_back(application_ ? subscribe_application(each)
                                          : subscribe_device(each, fresh));
  send(answer);
  if (std::ranges::any_of(answer.reasons, mqtt::is_failure))
    shard_.report(link::Misuse{name(), "topic.refused", "a subscription outside its own topics"});
  if (application_) return;
  if (fresh[std::to_underlying(Channel::desired)])
    ask_and_tell(link::GetDesired{device_}, Channel::desired);
  if (fresh[std::to_underlying(Channel::updates)])
    ask_and_tell(link::GetUpdate{device_}, Channel::updates);
}

void Session::ask_and_tell(link::Request request, Channel channel) {
  ask(std::move(request), [channel](Session& self, Result<link::Reply> reply) {
    if (reply) return self.tell(channel, std::get<std::string>(*reply));
    log::warning("gateway", "a device that subscribed could not be told",
                 {{"device", self.name()},
                  {"channel", std::string(channel_names[std::to_underlying(channel)])},
                  {"why", reply.error().message}});
    if (reply.error().fault == Fault::unavailable)
      self.stream_.close(reply.error());  // it asks again
  });
}

Session::Reason Session::subscribe_device(const mqtt::Subscription& wanted,
                                          std::array<bool, channels>& fresh) {
  if (mqtt::shared_filter(wanted.filter)) return Reason::shared_subscriptions_not_supported;
  const std::string own = std::string(devices) + device_.text() + '/';
  if (!covers(own + '#', wanted.filter)) {
    count(shard_.tally().publishes_refused);
    shard_.add_refused(slot_, wanted.filter.size());
    return Reason::not_authorized;
  }
  const std::uint8_t qos = std::min<std::uint8_t>(wanted.qos, 1);
  for (std::size_t i = 0; i < channels; ++i)
    if (mqtt::matches(wanted.filter, own + std::string(channel_names[i]))) {
      subscribed_[i] = static_cast<std::uint8_t>(qos + 1);
      fresh[i] = true;
    }
  return qos ? Reason::granted_qos_1 : Reason::success;
}

Session::Reason Session::subscribe_application(const mqtt::Subscription& wanted) {
  if (mqtt::shared_filter(wanted.filter)) return Reason::shared_subscriptions_not_supported;
  const bool may = std::ranges::any_of(
      application_->allowed, [&](const std::string& a) { return covers(a, wanted.filter); });
  if (!may) return Reason::not_authorized;
  auto& held = application_->filters;
  if (std::ranges::find(held, wanted.filter) == held.end()) {
    if (held.size() >= filters_max) return Reason::quota_exceeded;
    held.emplace_back(wanted.filter);
  }
  const std::uint8_t qos = std::min<std::uint8_t>(wanted.qos, 1);
  shard_.around().add_route({std::string(wanted.filter), qos, shard_.number(), handle_});
  return qos ? Reason::granted_qos_1 : Reason::success;
}

void Session::take_unsubscribe(const mqtt::Unsubscribe& unsubscribe) {
  mqtt::Unsuback answer{.packet_id = unsubscribe.packet_id, .reasons = {}, .properties = {}};
  for (std::string_view filter : unsubscribe.filters)
    answer.reasons.push_back(application_ ? unsubscribe_application(filter)
                                          : unsubscribe_device(filter));
  send(answer);
}

Session::Reason Session::unsubscribe_device(std::string_view filter) {
  const std::string own = std::string(devices) + device_.text() + '/';
  Reason answer = Reason::no_subscription_existed;
  for (std::size_t i = 0; i < channels; ++i)
    if (subscribed_[i] && mqtt::matches(filter, own + std::string(channel_names[i]))) {
      subscribed_[i] = 0;
      answer = Reason::success;
    }
  return answer;
}

Session::Reason Session::unsubscribe_application(std::string_view filter) {
  auto& held = application_->filters;
  auto at = std::ranges::find(held, filter);
  if (at == held.end()) return Reason::no_subscription_existed;
  shard_.around().drop_routes(shard_.number(), handle_, &*at);
  held.erase(at);
  return Reason::success;
}

}  // namespace muster::gateway
