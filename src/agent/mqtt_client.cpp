#include "agent/mqtt_client.h"

#include <algorithm>

namespace muster::agent {
namespace mqtt = wire::mqtt;
namespace {

constexpr Duration answer_within = 15s;
constexpr std::uint32_t packet_max = 256 * 1024;

// Whether the server refuses us for who we are, rather than for now.
bool forbids(mqtt::Reason reason) {
  return reason == mqtt::Reason::not_authorized || reason == mqtt::Reason::banned ||
         reason == mqtt::Reason::administrative_action ||
         reason == mqtt::Reason::bad_user_name_or_password;
}

Error said(mqtt::Reason reason, const mqtt::Properties& properties) {
  std::string words = mqtt::name_of(reason);
  if (auto text = properties.text(mqtt::Property::reason_string); text && !text->empty())
    words += ": " + std::string(text->substr(0, 256));
  return {forbids(reason) ? Fault::forbidden : Fault::unavailable, std::move(words), ""};
}

}  // namespace

MqttClient::MqttClient(net::Loop& loop, const Settings& settings, net::TlsContext& tls,
                       Events& events)
    : loop_(loop),
      settings_(settings),
      events_(events),
      opened_(loop),
      greeted_(loop),
      heard_ns_(monotonic_ns()),
      sent_ns_(heard_ns_),
      stream_(loop, *this, settings.host, settings.port, &tls) {}

MqttClient::~MqttClient() {
  loop_.cancel(heart_);
}

net::Task<void> MqttClient::opened() {
  co_await opened_;
}

net::Task<Result<void>> MqttClient::connected() {
  if (!co_await greeted_.within(answer_within))
    co_return fail(Fault::unavailable, "no CONNACK within " + show(answer_within));
  co_return *connected_;
}

net::Task<Result<void>> MqttClient::subscribe(std::vector<std::string> filters) {
  if (state_ != State::open) co_return fail(Fault::unavailable, "not connected");
  mqtt::Subscribe packet{.packet_id = subscribe_id_ = identify()};
  for (const auto& filter : filters) packet.subscriptions.push_back({.filter = filter, .qos = 1});
  granted_ = std::make_unique<net::Event>(loop_);
  subscribed_.reset();
  send(packet);
  const bool answered = co_await granted_->within(answer_within);
  granted_.reset();
  if (!answered) co_return fail(Fault::unavailable, "no SUBACK within " + show(answer_within));
  co_return *subscribed_;
}

bool MqttClient::ready() const {
  return state_ == State::open && in_flight_.size() < in_flight_max_;
}

Result<void> MqttClient::publish(std::string_view topic, std::string_view payload,
                                 Acknowledged acknowledged) {
  if (!ready()) return fail(Fault::unavailable, "not connected, or too much is in flight");
  const std::uint16_t id = identify();
  Bytes frame;
  TRY_VOID(mqtt::append_publish(
      frame, {.topic = topic, .payload = bytes_of(payload), .qos = 1, .packet_id = id},
      mqtt::Version::v5));
  in_flight_.emplace(id, std::move(acknowledged));
  sent_ns_ = monotonic_ns();
  stream_.write(frame);
  return {};
}

void MqttClient::publish_and_forget(std::string_view topic, std::string_view payload) {
  if (state_ == State::open)
    send(mqtt::Publish{.topic = topic, .payload = bytes_of(payload), .qos = 0});
}

void MqttClient::disconnect() {
  if (state_ == State::open) send(mqtt::Disconnect{});
  if (state_ != State::gone) stream_.finish();
}

std::uint16_t MqttClient::identify() {
  do {
    if (++last_id_ == 0) last_id_ = 1;
  } while (in_flight_.contains(last_id_));
  return last_id_;
}

void MqttClient::send(const mqtt::Packet& packet) {
  Bytes frame;
  if (!mqtt::append(frame, packet, mqtt::Version::v5)) return;  // ours are small
  sent_ns_ = monotonic_ns();
  stream_.write(frame);
}

void MqttClient::drop(Error why) {
  if (!why_) why_ = why;
  stream_.close(std::move(why));
}

// --- events of the stream ---

void MqttClient::on_open() {
  state_ = State::greeting;
  opened_.set();
  mqtt::PropertyList properties;
  properties.number(mqtt::Property::maximum_packet_size, packet_max)
      .number(mqtt::Property::receive_maximum, 16);
  send(mqtt::Connect{
      .keep_alive_s = static_cast<std::uint16_t>(std::clamp<std::int64_t>(
          std::chrono::ceil<std::chrono::seconds>(settings_.keep_alive).count(), 1, 65535)),
      .client_id = settings_.client_id,
      .properties = properties.view()});
}

std::size_t MqttClient::on_bytes(ByteView in) {
  std::size_t used = 0;
  heard_ns_ = monotonic_ns();
  while (used < in.size() && !why_) {
    auto decoded = mqtt::decode(in.subspan(used), mqtt::Version::v5, {.packet_max = packet_max});
    if (!decoded) {
      drop({Fault::corrupt, "the server sent no MQTT: " + decoded.error().message, ""});
      return in.size();
    }
    if (!*decoded) break;
    used += (*decoded)->size;
    take((*decoded)->packet);
  }
  return why_ ? in.size() : used;
}

void MqttClient::on_close(const Error& error) {
  state_ = State::gone;
  loop_.cancel(heart_);
  in_flight_.clear();
  const Error why = why_.value_or(error);
  if (!connected_) connected_ = std::unexpected(why);
  opened_.set();
  greeted_.set();
  if (granted_ && !subscribed_) subscribed_ = std::unexpected(why);
  if (granted_) granted_->set();
  events_.on_gone(why);
}

// --- packets ---

void MqttClient::take(const mqtt::Packet& packet) {
  if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) return take_connack(*connack);
  if (state_ != State::open) return drop({Fault::corrupt, "the server spoke before CONNACK", ""});
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) return take_publish(*publish);
  if (const auto* ack = std::get_if<mqtt::Puback>(&packet)) {
    auto at = in_flight_.extract(ack->packet_id);
    const auto why = ack->properties.text(mqtt::Property::reason_string);
    if (!at.empty() && at.mapped()) at.mapped()(ack->reason, why.value_or(""));
    return;
  }
  if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) {
    if (suback->packet_id != subscribe_id_ || !granted_) return;
    const auto refused = std::ranges::find_if(suback->reasons, mqtt::is_failure);
    subscribed_ = refused == suback->reasons.end()
                      ? Result<void>{}
                      : std::unexpected(said(*refused, suback->properties));
    return granted_->set();
  }
  if (const auto* bye = std::get_if<mqtt::Disconnect>(&packet))
    return drop(said(bye->reason, bye->properties));
  if (!std::holds_alternative<mqtt::Pingresp>(packet))
    drop({Fault::corrupt, std::string("the server sent ") + mqtt::name_of(mqtt::type_of(packet)),
          ""});
}

void MqttClient::take_connack(const mqtt::Connack& connack) {
  if (state_ != State::greeting) return drop({Fault::corrupt, "a second CONNACK", ""});
  if (mqtt::is_failure(connack.reason)) {
    Error why = said(connack.reason, connack.properties);
    connected_ = std::unexpected(why);
    return drop(std::move(why));
  }
  state_ = State::open;
  in_flight_max_ = std::min<std::size_t>(
      in_flight_max_, connack.properties.number(mqtt::Property::receive_maximum).value_or(65535));
  connected_ = Result<void>{};
  greeted_.set();
  beat();
}

void MqttClient::take_publish(const mqtt::Publish& publish) {
  if (publish.qos > 1 || publish.topic.empty())
    return drop({Fault::corrupt, "the server sent what was not agreed on", ""});
  events_.on_message(publish.topic, publish.payload);
  if (publish.qos == 0) return;
  Bytes frame;
  mqtt::append_puback(frame, publish.packet_id, mqtt::Version::v5);
  stream_.write(frame);
}

void MqttClient::beat() {
  const std::int64_t now = monotonic_ns();
  const std::int64_t interval =
      std::chrono::duration_cast<std::chrono::nanoseconds>(settings_.keep_alive).count();
  if (now - heard_ns_ > interval + interval / 2)
    return drop({Fault::unavailable,
                 "the server has not been heard for one and a half keep alive"
                 " intervals",
                 ""});
  if (now - sent_ns_ >= interval / 2 || now - heard_ns_ >= interval / 2) send(mqtt::Pingreq{});
  heart_ = loop_.after(settings_.keep_alive / 2, [this] { beat(); });
}

}  // namespace muster::agent
