// gateway/internal/test_workbench -- what this module's tests stand on: a gateway on free ports
// between its stand-ins, and clients that speak MQTT over real sockets with certificates made for
// the test. The test's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "gateway/internal/test_stand_ins.h"
#include "net/http.h"
#include "net/stream.h"
#include "net/test_until.h"
#include "wire/mqtt.h"

namespace muster::gateway {

namespace mqtt = wire::mqtt;

class Client final : public net::Stream::Events {
 public:
  Client(net::Loop& loop, const Papers& papers, const std::string& anchors, std::uint16_t port,
         mqtt::Version version)
      : version_(version),
        name_(papers.name),
        tls_(expect(net::TlsContext::client({.key_pem = papers.key_pem,
                                             .chain_pem = papers.certificate_pem,
                                             .anchors_pem = anchors}))),
        stream_(std::make_unique<net::Stream>(loop, *this, "127.0.0.1", port, &tls_)) {}

  void say(ByteView bytes) { stream_ ? stream_->write(bytes) : void(); }
  void say(const mqtt::Packet& packet) {
    Bytes frame;
    expect(mqtt::append(frame, packet, version_));
    say(frame);
  }
  void greet(mqtt::Connect connect = {}) {
    connect.version = version_;
    if (connect.client_id.empty()) connect.client_id = name_;
    say(connect);
  }
  void publish(std::string_view topic, std::string_view payload, std::uint8_t qos = 1) {
    mqtt::Publish packet{.topic = topic, .payload = bytes_of(payload), .qos = qos};
    packet.packet_id = qos ? ++packet_id_ : 0;
    say(packet);
  }
  void subscribe(std::string_view filter, std::uint8_t qos = 1) {
    mqtt::Subscribe packet{.packet_id = ++packet_id_, .subscriptions = {}, .properties = {}};
    packet.subscriptions.push_back({.filter = filter, .qos = qos});
    say(packet);
  }
  void read(bool on) { stream_->pause_reading(!on); }
  void vanish() { stream_.reset(); }

  bool open() const { return open_; }
  bool closed() const { return closed_; }
  // The first packet of this type that came and was not taken yet; its views live as long as the
  // client.
  template <class T>
  std::optional<T> heard() {
    for (auto& frame : frames_) {
      if (frame.taken) continue;
      auto decoded = mqtt::decode(frame.bytes, version_);
      if (!decoded) give_up(decoded.error());  // the gateway sent what a client must refuse
      if (T* packet = std::get_if<T>(&(*decoded)->packet)) {
        frame.taken = true;
        return *packet;
      }
    }
    return std::nullopt;
  }

 private:
  struct Frame {
    Bytes bytes;
    bool taken = false;
  };
  void on_open() override { open_ = true; }
  std::size_t on_bytes(ByteView in) override {
    std::size_t used = 0;
    for (;;) {
      const auto decoded = mqtt::decode(in.subspan(used), version_);
      if (!decoded) give_up(decoded.error());  // the gateway sent what a client must refuse
      if (!*decoded) return used;
      const auto packet = in.subspan(used, (*decoded)->size);
      frames_.push_back({Bytes(packet.begin(), packet.end())});
      used += packet.size();
    }
  }
  void on_close(const Error&) override { closed_ = true; }

  mqtt::Version version_;
  std::string name_;
  net::TlsContext tls_;
  std::deque<Frame> frames_;
  std::uint16_t packet_id_ = 0;
  bool open_ = false, closed_ = false;
  std::unique_ptr<net::Stream> stream_;
};

class Workbench {
 public:
  explicit Workbench(unsigned threads = 1)
      : gateway(expect(Gateway::open(settings(threads), controller, telemetry, clock))) {}
  ~Workbench() {  // draining waits for what is held back
    controller.hold(false);
    telemetry.answer({});
  }

  Settings settings(unsigned threads) {
    const Papers own = ca.issue(crypto::Use::server, "door");
    return {.mqtt_port = 0,
            .device_port = 0,
            .enrol_port = 0,
            .threads = threads,
            .key_pem = own.key_pem,
            .chain_pem = own.certificate_pem,
            .device_anchors_pem = ca.pem(),
            .ca_certificates = {ca.der()},
            .packet_max = 64 << 10};
  }
  Papers device(const std::string& name, bool restricted = false) {
    Papers papers = ca.issue(crypto::Use::client, name);
    controller.grant(papers, {.device = {},
                              .application = {},
                              .restricted = restricted,
                              .model = expect(ModelId::parse("meter")),
                              .subscribe = {},
                              .serial = {}});
    return papers;
  }
  Papers application(const std::string& name, std::vector<std::string> subscribe) {
    Papers papers = ca.issue(crypto::Use::client, name);
    controller.grant(papers, {.device = {},
                              .application = name,
                              .model = {},
                              .subscribe = std::move(subscribe),
                              .serial = {}});
    return papers;
  }
  void push(std::vector<link::Push> pushes) {
    gateway->push(std::make_shared<const std::vector<link::Push>>(std::move(pushes)));
  }
  std::unique_ptr<Client> dial(const Papers& who, mqtt::Version version = mqtt::Version::v5) {
    return std::make_unique<Client>(loop, who, ca.pem(), gateway->ports().mqtt, version);
  }
  // Connected and accepted.
  std::unique_ptr<Client> arrive(const Papers& who, mqtt::Version version = mqtt::Version::v5) {
    auto client = dial(who, version);
    client->greet();
    wait<mqtt::Connack>(*client);
    return client;
  }

  bool until(const std::function<bool()>& done) { return net::until(loop, done); }
  template <class T>
  T wait(Client& client) {  // for a packet; fails the program's test when none comes
    std::optional<T> found;
    if (!until([&] { return found || (found = client.heard<T>()); }))
      give_up({Fault::unavailable, "the packet that was waited for did not come", ""});
    return *found;
  }
  // Everything that was sent before has been looked at: a ping has come back.
  void settle(Client& client) {
    client.say(mqtt::Pingreq{});
    wait<mqtt::Pingresp>(client);
  }

  FleetCa ca;
  SystemClock clock;
  Oracle controller;
  Shelf telemetry;
  net::Loop loop;
  std::unique_ptr<Gateway> gateway;
};

}  // namespace muster::gateway
