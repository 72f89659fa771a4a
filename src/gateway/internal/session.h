// gateway/session -- one MQTT connection (3.1.1 or 5.0), from its handshake to its goodbye.
//
// It asks who its certificate stands for, and again when a cut may have overtaken the answer; holds
// the client to its own subtree (an application to its filters), hands readings to its thread's
// batches, and acknowledges when told that they are kept. No session state outlives the connection:
// Session Present is always 0, and desired state and updates are told anew at each subscription.
// QoS 2, retained messages, topic aliases and shared subscriptions are refused with the reason.
// Loop thread.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/internal/outbound.h"
#include "gateway/internal/routes.h"
#include "gateway/internal/words.h"
#include "link/link.h"
#include "net/stream.h"
#include "wire/mqtt.h"

namespace muster::gateway {

class Shard;

class Session final : net::Stream::Events {
 public:
  Session(Shard&, Handle, int fd);
  ~Session();

  const DeviceId* device() const { return application_ ? nullptr : &device_; }
  // Of an application's: "{name} {client identifier}". A name has no space in it, so that what one
  // application calls its clients never meets another's.
  std::string client() const { return application_->name + ' ' + application_->client_id; }
  std::uint64_t serial() const { return serial_; }
  std::string from() const { return stream_.peer_address(); }

  void kept(std::uint16_t packet_id, const Result<void>&);  // the readings of this PUBLISH
  void tell(link::Channel, std::string_view payload);  // on the device's own subtree, if subscribed
  void deliver(const PublicationSnapshot&, std::uint8_t qos);
  void go(wire::mqtt::Reason, std::string_view why);  // says so (5.0) and closes
  void check_keep_alive(std::uint32_t now_s);
  void resume_reading();
  void left();  // out of the index: the device is no longer here
  bool holds_filters() const { return application_ && !application_->filters.empty(); }

 private:
  using Reason = wire::mqtt::Reason;
  enum class Phase : std::uint8_t { handshake, asking, granted, accepted, closing };
  using Channel = link::Channel;
  static constexpr std::string_view channel_names[] = {"desired", "updates", "commands"};
  static constexpr std::size_t channels = std::size(channel_names);

  void on_open() override;
  std::size_t on_bytes(ByteView) override;
  void on_drained() override;
  void on_close(const Error&) override;

  struct Application {
    std::string name, client_id;
    std::vector<std::string> allowed;  // filters
    std::vector<std::string> filters;  // held now
  };

  const std::string& name() const { return application_ ? application_->name : device_.text(); }
  void ask_who();  // on_bytes sees nothing until the answer is here
  void granted(Result<link::Reply>);
  void turn_away(const Error&);  // before CONNECT: there is no way to say why
  void take(const wire::mqtt::Packet&, std::size_t size);
  void take_connect(const wire::mqtt::Connect&);
  bool may_connect(const wire::mqtt::Connect&);
  void refuse(Reason, std::string_view why);  // CONNACK with the reason, then close
  void accept(const wire::mqtt::Connect&);
  bool welcome(const wire::mqtt::Connect&);  // CONNACK; false: the client takes none of that size
  void take_publish(const wire::mqtt::Publish&, std::size_t size);
  void take_readings(const wire::mqtt::Publish&, std::size_t size);
  // Counts what is asked, for hold_back().
  void ask(link::Request, std::move_only_function<void(Session&, Result<link::Reply>)>);
  void ask_and_acknowledge(link::Request, std::uint16_t packet_id);
  void ask_and_tell(link::Request, Channel);
  void refuse_publish(const wire::mqtt::Publish&, std::size_t size, Reason, std::string why);
  void take_subscribe(const wire::mqtt::Subscribe&);
  Reason subscribe_device(const wire::mqtt::Subscription&, std::array<bool, channels>& fresh);
  Reason subscribe_application(const wire::mqtt::Subscription&);
  void take_unsubscribe(const wire::mqtt::Unsubscribe&);
  Reason unsubscribe_device(std::string_view filter);
  Reason unsubscribe_application(std::string_view filter);
  // False: not sent, as the client takes no packet of that size [MQTT-3.1.2-24] or it cannot be
  // encoded.
  [[nodiscard]] bool try_send(const wire::mqtt::Packet&);
  void send(const wire::mqtt::Packet&);  // or ends the session: the client waits for it
  template <class Packet>
  void explain(Packet, std::string_view why);  // sends it, and why if the client wants to know
  bool may_send(std::uint8_t qos);             // or it must wait its turn
  void put_off(PublicationSnapshot, std::uint8_t qos);  // with QoS 0, or too many: dropped
  void send_publication(std::string_view topic, std::string_view payload, std::uint8_t qos);
  void acknowledge(std::uint16_t packet_id, Reason, std::string_view why = {});
  void malformed(const wire::mqtt::MqttError&);
  std::size_t unsent_max() const;
  bool hold_back();  // true: nothing more is read, too much being on its way to it or from it
  void check_held_back(std::uint32_t now_s);
  void go_on();  // what held it back may be over
  bool v5() const { return version_ == wire::mqtt::Version::v5; }

  Shard& shard_;
  const Handle handle_;
  Phase phase_ = Phase::handshake;
  wire::mqtt::Version version_ = wire::mqtt::Version::v5;
  bool restricted_ = false;
  std::array<std::uint8_t, channels> subscribed_{};  // a device's: 0 no, 1 QoS 0, 2 QoS 1
  bool wants_words_ = true;                          // Request Problem Information, 3.1.2.11.7
  std::uint16_t keep_alive_s_ = 0;
  std::uint16_t receive_maximum_ = 65535;
  std::uint32_t packet_max_ = UINT32_MAX;  // octets that the client takes
  std::uint32_t heard_s_ = 0;
  bool held_back_ = false;
  std::uint16_t asked_ = 0;         // of the controller, and not answered yet
  std::uint32_t held_since_s_ = 0;  // or since the client took something of what is unsent
  std::size_t held_unsent_ = 0;
  std::uint32_t cuts_ = 0;  // Shard::cuts() when the grant was asked for
  std::uint32_t slot_ = 0;
  std::uint64_t serial_ = 0;  // hash of the certificate's serial, for the index
  DeviceId device_;           // empty until it is known, and for an application
  ModelId model_;
  std::unique_ptr<Application> application_;  // null for a device
  std::unique_ptr<Publication> will_;
  std::unique_ptr<Outbound> outbound_;
  net::Stream stream_;
};

template <class Packet>
void Session::explain(Packet packet, std::string_view why) {
  constexpr std::size_t why_max = 512;
  if (v5() && wants_words_ && !why.empty()) {
    wire::mqtt::PropertyList words;
    words.text(wire::mqtt::Property::reason_string, shortened(why, why_max));
    packet.properties = words.view();
    if (try_send(packet)) return;
    packet.properties = {};
  }
  send(packet);
}

std::uint64_t serial_key(std::string_view serial_hex);

}  // namespace muster::gateway
