// gateway/internal/workbench -- what this module's tests stand on: a gateway on free ports, a
// controller and a telemetry that answer as they are told, and clients that speak MQTT over real
// sockets with certificates of a CA made for the test.
// over its cap: one fake controller, client and CA, for every test of the module.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate.h"
#include "gateway/gateway.h"
#include "net/stream.h"
#include "wire/mqtt.h"

namespace muster::gateway {

namespace mqtt = wire::mqtt;

struct Papers {  // a name with its key and certificate
  std::string name, key_pem, certificate_pem, serial;
  link::Fingerprint fingerprint;
};

class FleetCa {
 public:
  FleetCa() {
    const auto der = expect(crypto::issue(profile(crypto::Use::root_ca, "Test fleet"),
                                          key_.public_key(), next_serial(), nullptr, key_));
    own_ = expect(crypto::parse_certificate(der));
  }
  std::string pem() const { return crypto::certificate_pem(own_.der); }
  const Bytes& der() const { return own_.der; }
  Papers issue(crypto::Use use, const std::string& name) {
    auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    auto wanted = profile(use, name);
    if (use == crypto::Use::server) wanted.ip_addresses = {"127.0.0.1"};
    const auto serial = next_serial();
    const auto der = expect(crypto::issue(wanted, key.public_key(), serial, &own_, key_));
    return {name, key.private_pem(), crypto::certificate_pem(der), crypto::serial_hex(serial),
            crypto::sha256(der)};
  }

 private:
  static crypto::Profile profile(crypto::Use use, const std::string& name) {
    const Instant now = SystemClock().now();  // OpenSSL judges certificates by the system's time
    return {.use = use,
            .common_name = name,
            .not_before = now - 1h,
            .not_after = now + (use == crypto::Use::root_ca ? 48h : 24h)};
  }
  crypto::Serial next_serial() {
    crypto::Serial serial{1};
    serial[15] = ++issued_;
    return serial;
  }
  crypto::FileKey key_ = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  crypto::Certificate own_;
  std::uint8_t issued_ = 0;
};

// The domain's side. Answers at once, unless it is told to hold the answers back. Any thread.
class Oracle final : public link::Controller {
 public:
  void ask(link::Request request, link::Answered answered) override {
    std::unique_lock lock(mutex_);
    asked_.push_back(request);
    if (holding_) return held_.emplace_back(std::move(request), std::move(answered)), void();
    auto reply = reply_to(request);
    lock.unlock();
    answered(std::move(reply));
  }

  void grant(const Papers& who, link::Grant grant) {
    std::lock_guard lock(mutex_);
    grant.name = who.name;
    grant.serial = who.serial;
    grants_[who.fingerprint] = std::move(grant);
  }
  void revoke(const Papers& who) {
    std::lock_guard lock(mutex_);
    grants_.erase(who.fingerprint);
  }
  void hold(bool holding) {  // false: answers all that was held
    std::deque<std::pair<link::Request, link::Answered>> now;
    {
      std::lock_guard lock(mutex_);
      holding_ = holding;
      if (!holding) now.swap(held_);
    }
    for (auto& [request, answered] : now) answered(locked_reply_to(request));
  }
  template <class T>
  std::vector<T> asked() const {
    std::lock_guard lock(mutex_);
    std::vector<T> found;
    for (const auto& each : asked_)
      if (const T* one = std::get_if<T>(&each)) found.push_back(*one);
    return found;
  }
  Result<link::Reply> to_state = link::Reply{link::None{}};  // set before it is asked

 private:
  Result<link::Reply> locked_reply_to(const link::Request& request) {
    std::lock_guard lock(mutex_);
    return reply_to(request);
  }
  Result<link::Reply> reply_to(const link::Request& request) {
    if (const auto* hello = std::get_if<link::Hello>(&request)) {
      auto at = grants_.find(hello->certificate);
      if (at == grants_.end()) return fail(Fault::unauthorized, "this certificate is not known");
      return at->second;
    }
    if (std::holds_alternative<link::GetDesired>(request)) return R"({"interval":30})";
    if (std::holds_alternative<link::GetUpdate>(request)) return R"({"release":"r-1"})";
    if (std::holds_alternative<link::State>(request)) return to_state;
    return link::None{};
  }

  mutable std::mutex mutex_;
  std::map<link::Fingerprint, link::Grant> grants_;
  std::vector<link::Request> asked_;
  std::deque<std::pair<link::Request, link::Answered>> held_;
  bool holding_ = false;
};

// The keeper of readings. Any thread.
class Shelf final : public link::Telemetry {
 public:
  unsigned lanes() const override { return 1; }
  std::uint32_t slot(const DeviceId&, const ModelId&) override { return 7; }
  void take(unsigned, link::Batch batch, link::Kept kept) override {
    std::unique_lock lock(mutex_);
    for (const auto& message : batch.messages) {
      ++messages_;
      refused_ += message.refused;
      for (auto i = message.first; i < message.first + message.count; ++i)
        readings_[batch.names.substr(batch.readings[i].name_at, batch.readings[i].name_size)] =
            batch.readings[i].value;
    }
    if (holding_) return held_.emplace_back(std::move(batch), std::move(kept)), void();
    auto result = result_;
    lock.unlock();
    kept(std::move(result), std::move(batch));
  }
  void connected(std::uint32_t, bool here) override {
    std::lock_guard lock(mutex_);
    here_ += here ? 1 : -1;
  }
  void hold() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void answer(const Result<void>& result) {  // what is held, and what comes
    std::deque<std::pair<link::Batch, link::Kept>> now;
    {
      std::lock_guard lock(mutex_);
      holding_ = false;
      result_ = result;
      now.swap(held_);
    }
    for (auto& [batch, kept] : now) kept(result, std::move(batch));
  }
  int messages() const { return read(messages_); }
  int refused() const { return read(refused_); }
  int here() const { return read(here_); }
  double reading(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto at = readings_.find(name);
    return at == readings_.end() ? -1 : at->second;
  }

 private:
  int read(const int& value) const {
    std::lock_guard lock(mutex_);
    return value;
  }
  mutable std::mutex mutex_;
  int messages_ = 0, refused_ = 0, here_ = 0;
  std::map<std::string, double> readings_;
  std::deque<std::pair<link::Batch, link::Kept>> held_;
  Result<void> result_;
  bool holding_ = false;
};

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
    while (auto size = expect(sized(in.subspan(used)))) {
      if (in.size() - used < *size) break;
      const auto packet = in.subspan(used, *size);
      frames_.push_back({Bytes(packet.begin(), packet.end())});
      used += *size;
    }
    return used;
  }
  Result<std::optional<std::size_t>> sized(ByteView in) const {
    auto size = mqtt::packet_size(in, version_);
    if (!size) return std::unexpected(Error(size.error()));
    return *size;
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
  explicit Workbench(unsigned threads = 1) {
    const Papers own = ca.issue(crypto::Use::server, "door");
    gateway = expect(Gateway::open({.mqtt_port = 0,
                                    .device_port = 0,
                                    .enrol_port = 0,
                                    .threads = threads,
                                    .key_pem = own.key_pem,
                                    .chain_pem = own.certificate_pem,
                                    .device_anchors_pem = ca.pem(),
                                    .ca_certificates = {ca.der()},
                                    .packet_max = 64 << 10},
                                   controller, telemetry, clock));
  }

  Papers device(const std::string& name, bool restricted = false) {
    Papers papers = ca.issue(crypto::Use::client, name);
    controller.grant(papers, {.name = {},
                              .restricted = restricted,
                              .model = expect(ModelId::parse("meter")),
                              .subscribe = {},
                              .serial = {}});
    return papers;
  }
  Papers application(const std::string& name, std::vector<std::string> subscribe) {
    Papers papers = ca.issue(crypto::Use::client, name);
    controller.grant(papers, {.name = {},
                              .application = true,
                              .model = {},
                              .subscribe = std::move(subscribe),
                              .serial = {}});
    return papers;
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

  // False when it has not happened in 20 s.
  bool until(const std::function<bool()>& done) {
    bool late = false;
    const auto limit = loop.after(20s, [&] { late = true; });
    net::Loop::TimerId next;
    std::function<void()> look = [&] {
      if (done() || late) return loop.stop();
      next = loop.after(1ms, look);
    };
    look();
    loop.run();
    loop.cancel(next);
    loop.cancel(limit);
    return done();
  }
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
