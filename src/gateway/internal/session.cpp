#include "gateway/internal/session.h"

#include <algorithm>
#include <functional>

#include "base/log.h"
#include "crypto/hash.h"
#include "gateway/internal/shard.h"

namespace muster::gateway {
namespace mqtt = wire::mqtt;
namespace {

constexpr std::uint32_t connect_within_s = 10;
constexpr std::size_t deliveries_unsent_max = 1 << 20;
constexpr std::size_t answers_unsent_max = 64 << 10;
constexpr std::uint16_t asked_max = 256;       // questions of one session, to the controller
constexpr std::uint32_t held_back_max_s = 30;  // without the client taking anything

// Whether the certificate's name may use this client identifier: a device its own only; an
// application also
// "{name}:{anything}", so that it can hold several sessions.
bool agrees(std::string_view client_id, const std::string& name, bool application) {
  if (client_id.empty() || client_id == name) return true;
  return application && client_id.size() <= 128 && client_id.starts_with(name) &&
         client_id[name.size()] == ':';
}

}  // namespace

std::uint64_t serial_key(std::string_view serial_hex) {
  return std::hash<std::string_view>{}(serial_hex);
}

Session::Session(Shard& shard, Handle handle, int fd)
    : shard_(shard),
      handle_(handle),
      heard_s_(shard.now_s()),
      stream_(shard.loop(), *this, fd, &shard.device_tls(), &shard.newcomers()) {}

Session::~Session() = default;

void Session::on_open() {
  ask_who();
}

void Session::ask_who() {
  phase_ = Phase::asking;
  cuts_ = shard_.cuts();
  auto certificate = stream_.peer_certificate();
  if (!certificate) return stream_.close({Fault::unauthorized, "no client certificate", ""});
  stream_.pause_reading(true);  // what the client sends meanwhile waits in the kernel
  shard_.ask(handle_, link::Hello{crypto::sha256(*certificate), stream_.peer_address()},
             [](Session& self, Result<link::Reply> reply) { self.granted(std::move(reply)); });
}

void Session::granted(Result<link::Reply> reply) {
  if (phase_ != Phase::asking) return;
  phase_ = Phase::granted;
  if (!reply) return turn_away(reply.error());
  auto& grant = std::get<link::Grant>(*reply);
  if (!grant.application.empty())
    application_ = std::make_unique<Application>(
        Application{std::move(grant.application), {}, std::move(grant.subscribe), {}});
  device_ = std::move(grant.device);
  model_ = std::move(grant.model);
  restricted_ = grant.restricted;
  serial_ = serial_key(grant.serial);
  stream_.pause_reading(false);
}

void Session::turn_away(const Error& why) {
  log::info("gateway", "certificate refused",
            {{"peer", stream_.peer_address()}, {"why", why.message}});
  count(shard_.tally().connects_refused);
  stream_.close(why);
}

std::size_t Session::on_bytes(ByteView in) {
  const mqtt::Limits limits{.packet_max = shard_.around().settings.packet_max};
  std::size_t used = 0;
  heard_s_ = shard_.now_s();
  while (used < in.size() && (phase_ == Phase::granted || phase_ == Phase::accepted)) {
    if (hold_back()) break;
    if (phase_ == Phase::granted && cuts_ != shard_.cuts()) {  // the grant may be out of date
      ask_who();
      break;
    }
    if (phase_ == Phase::accepted && !application_ && shard_.crowded(slot_)) {
      stream_.pause_reading(true);
      shard_.wait_for_room(handle_);
      break;
    }
    auto decoded = mqtt::decode(in.subspan(used), version_, limits);
    if (!decoded) {
      malformed(decoded.error());
      return in.size();
    }
    if (!*decoded) break;
    take((*decoded)->packet, (*decoded)->size);
    used += (*decoded)->size;
  }
  return phase_ == Phase::closing ? in.size() : used;
}

void Session::take(const mqtt::Packet& packet, std::size_t size) {
  if (phase_ == Phase::granted) {
    if (const auto* connect = std::get_if<mqtt::Connect>(&packet)) return take_connect(*connect);
    return malformed({{Fault::invalid, "the first packet must be CONNECT [MQTT-3.1.0-1]", ""},
                      Reason::protocol_error});
  }
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet))
    return take_publish(*publish, size);
  if (const auto* ack = std::get_if<mqtt::Puback>(&packet)) {
    if (!outbound_ || !outbound_->acknowledge(ack->packet_id)) return;
    while (auto next = outbound_->next()) send_publication(next->topic, next->payload, 1);
    return;
  }
  if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet))
    return take_subscribe(*subscribe);
  if (const auto* unsubscribe = std::get_if<mqtt::Unsubscribe>(&packet))
    return take_unsubscribe(*unsubscribe);
  if (std::holds_alternative<mqtt::Pingreq>(packet)) {
    Bytes& frame = shard_.frame();
    frame.clear();
    mqtt::append_pingresp(frame);
    return stream_.write(frame);
  }
  if (const auto* bye = std::get_if<mqtt::Disconnect>(&packet)) {
    if (bye->reason != Reason::disconnect_with_will) will_.reset();
    phase_ = Phase::closing;
    return stream_.finish();
  }
  malformed(
      {{Fault::invalid,
        std::string(name_of(mqtt::type_of(packet))) + " is not expected from a client here", ""},
       Reason::protocol_error});
}

void Session::malformed(const mqtt::MqttError& error) {
  count(shard_.tally().packets_malformed);
  const std::string who = name().empty() ? stream_.peer_address() : name();
  shard_.report(link::Misuse{who, "packet.malformed", error.message});
  if (phase_ == Phase::granted) return refuse(error.reason, error.message);
  go(error.reason, error.message);
}

// --- CONNECT ---

void Session::take_connect(const mqtt::Connect& connect) {
  version_ = connect.version;
  const auto number = [&](mqtt::Property which, std::uint32_t otherwise) {
    return connect.properties.number(which).value_or(otherwise);  // 3.1.1 has none of them
  };
  receive_maximum_ =
      static_cast<std::uint16_t>(number(mqtt::Property::receive_maximum, receive_maximum_));
  packet_max_ = number(mqtt::Property::maximum_packet_size, packet_max_);
  wants_words_ = number(mqtt::Property::request_problem, 1) != 0;
  if (may_connect(connect)) accept(connect);
}

bool Session::may_connect(const mqtt::Connect& connect) {
  if (connect.properties.text(mqtt::Property::authentication_method)) {
    refuse(Reason::bad_authentication_method,
           "enhanced authentication is not offered: the certificate is enough [MQTT-4.12.0-1]");
    return false;
  }
  if (restricted_) {
    refuse(Reason::not_authorized,
           "this device is isolated or retiring; only the device port answers it, over HTTPS");
    return false;
  }
  if (!agrees(connect.client_id, name(), application_ != nullptr)) {
    refuse(Reason::client_identifier_not_valid,
           "the client identifier must be the certificate's name, " + name());
    return false;
  }
  if (!connect.will) return true;
  const bool own = !application_ && connect.will->topic == "v1/devices/" + name() + "/events";
  if (own && connect.will->qos < 2 && !connect.will->retain) return true;
  refuse(Reason::not_authorized,
         "a will may go to the device's own events topic only, with QoS 0 or 1, not retained");
  return false;
}

void Session::refuse(Reason reason, std::string_view why) {
  count(shard_.tally().connects_refused);
  phase_ = Phase::closing;
  explain(mqtt::Connack{.reason = reason}, why);
  stream_.finish();
}

bool Session::welcome(const mqtt::Connect& connect) {
  mqtt::PropertyList properties;
  if (v5()) {
    properties.number(mqtt::Property::session_expiry, 0)
        .number(mqtt::Property::maximum_qos, 1)
        .number(mqtt::Property::retain_available, 0)
        .number(mqtt::Property::subscription_ids_available, 0)
        .number(mqtt::Property::shared_available, 0)
        .number(mqtt::Property::maximum_packet_size,
                static_cast<std::uint32_t>(shard_.around().settings.packet_max));
    if (connect.client_id.empty()) properties.text(mqtt::Property::assigned_client_id, name());
  }
  return try_send(mqtt::Connack{.properties = properties.view()});
}

void Session::accept(const mqtt::Connect& connect) {
  if (!welcome(connect)) {
    phase_ = Phase::closing;
    count(shard_.tally().connects_refused);
    return stream_.close({Fault::invalid, "its Maximum Packet Size has no room for CONNACK", ""});
  }
  phase_ = Phase::accepted;
  keep_alive_s_ = connect.keep_alive_s;
  if (connect.will)
    will_ = std::make_unique<Publication>(std::string(connect.will->topic),
                                          std::string(text_of(connect.will->payload)),
                                          connect.will->qos);
  if (application_)
    application_->client_id = connect.client_id.empty() ? name() : std::string(connect.client_id);
  count(shard_.tally().connects);
  shard_.enter(*this, handle_);
  if (application_) return;
  slot_ = shard_.around().telemetry.slot(device_, model_);
  model_ = {};
  shard_.around().telemetry.connected(slot_, true);
  shard_.report(link::Presence{device_, true});
}

// --- the way out ---

bool Session::try_send(const mqtt::Packet& packet) {
  Bytes& frame = shard_.frame();
  frame.clear();
  if (auto done = mqtt::append(frame, packet, version_); !done) {
    log::error("gateway", "a packet could not be encoded", {{"why", done.error().message}});
    return false;
  }
  if (frame.size() > packet_max_) return false;
  stream_.write(frame);
  return true;
}

void Session::send(const mqtt::Packet& packet) {
  if (!try_send(packet))
    go(Reason::packet_too_large, "the answer is larger than this client's Maximum Packet Size");
}

void Session::send_publication(std::string_view topic, std::string_view payload, std::uint8_t qos) {
  mqtt::Publish packet{.topic = topic, .payload = bytes_of(payload), .qos = qos};
  if (qos) packet.packet_id = outbound_->identify();
  if (try_send(packet)) return count(shard_.tally().deliveries);
  if (qos) outbound_->acknowledge(packet.packet_id);  // as if it had been sent [MQTT-3.1.2-25]
  count(shard_.tally().deliveries_dropped);
  if (!application_)
    log::warning("gateway", "a message is larger than its device takes, and is dropped",
                 {{"topic", std::string(topic)},
                  {"payload", std::to_string(payload.size())},
                  {"packet_max", std::to_string(packet_max_)}});
}

bool Session::may_send(std::uint8_t qos) {
  const bool room = stream_.outbox() <= deliveries_unsent_max;
  if (qos == 0) return room;
  if (!outbound_) outbound_ = std::make_unique<Outbound>(receive_maximum_);
  return room && outbound_->ready();
}

void Session::put_off(PublicationSnapshot message, std::uint8_t qos) {
  if (qos > 0 && !outbound_->full()) return outbound_->wait(std::move(message));
  count(shard_.tally().deliveries_dropped);
  if (qos > 0) go(Reason::quota_exceeded, "too many messages wait for this client");
}

void Session::deliver(const PublicationSnapshot& message, std::uint8_t qos) {
  if (phase_ != Phase::accepted) return;
  if (may_send(qos)) return send_publication(message->topic, message->payload, qos);
  put_off(message, qos);
}

// The payload is copied only where it has to wait, so that no waiting message holds a whole turn's
// pushes.
void Session::tell(Channel channel, std::string_view payload) {
  const auto which = std::to_underlying(channel);
  if (phase_ != Phase::accepted || application_ || !subscribed_[which]) return;
  std::string topic = "v1/devices/" + device_.text() + '/' + std::string(channel_names[which]);
  const auto qos = static_cast<std::uint8_t>(subscribed_[which] - 1);
  if (may_send(qos)) return send_publication(topic, payload, qos);
  put_off(std::make_shared<Publication>(std::move(topic), std::string(payload)), qos);
}

void Session::go(Reason reason, std::string_view why) {
  if (phase_ == Phase::closing) return;
  const bool greeted = phase_ == Phase::accepted;
  phase_ = Phase::closing;
  if (greeted && v5()) explain(mqtt::Disconnect{.reason = reason}, why);
  stream_.finish();
}

void Session::check_keep_alive(std::uint32_t now_s) {
  const std::uint32_t quiet = now_s - heard_s_;
  if (phase_ == Phase::granted && quiet > connect_within_s)
    stream_.close({Fault::unavailable, "no CONNECT in time", ""});
  if (held_back_) return check_held_back(now_s);
  if (phase_ == Phase::accepted && keep_alive_s_ && quiet > keep_alive_s_ + keep_alive_s_ / 2U)
    go(Reason::keep_alive_timeout,
       "nothing heard for one and a half keep alive intervals [MQTT-3.1.2-22]");
}

// --- back-pressure ---

// Deliveries to an application have their own bound, and must not stop its acknowledgements.
std::size_t Session::unsent_max() const {
  return answers_unsent_max + (application_ ? deliveries_unsent_max : 0);
}

bool Session::hold_back() {
  if (asked_ < asked_max && stream_.outbox() <= unsent_max()) return held_back_ = false;
  if (!std::exchange(held_back_, true)) {
    held_since_s_ = shard_.now_s();
    held_unsent_ = stream_.outbox();
  }
  stream_.pause_reading(true);
  return true;
}

void Session::go_on() {
  if (!held_back_ || asked_ >= asked_max || stream_.outbox() > unsent_max()) return;
  held_back_ = false;
  heard_s_ = shard_.now_s();  // it may have said something: nobody looked
  stream_.pause_reading(false);
}

void Session::on_drained() {
  go_on();
}

void Session::check_held_back(std::uint32_t now_s) {
  const std::size_t unsent = stream_.outbox();
  if (unsent < held_unsent_ || unsent <= unsent_max()) held_since_s_ = now_s;
  held_unsent_ = unsent;
  go_on();
  if (now_s - held_since_s_ > held_back_max_s)
    stream_.close({Fault::exhausted, "the client does not read its answers", ""});
}

void Session::resume_reading() {
  stream_.pause_reading(false);
}

void Session::left() {
  shard_.around().telemetry.connected(slot_, false);
  shard_.report(link::Presence{device_, false});
}

void Session::on_close(const Error& why) {
  if (phase_ == Phase::handshake)
    log::debug("gateway", "handshake failed",
               {{"peer", stream_.peer_address()}, {"why", why.message}});
  phase_ = Phase::closing;
  if (will_) shard_.route(will_->topic, will_->payload, will_->qos);
  shard_.leave(*this, handle_);
}

}  // namespace muster::gateway
