// agent/mqtt_client -- one MQTT 5 connection of a device: connect, subscribe, publish with QoS 1,
// hear messages, and end.
//
// A connection, not a session: clean start, no expiry, nothing is kept after it. Who publishes
// keeps what was not acknowledged and publishes it again on the next connection. Events are told
// from the loop; on_gone() comes once, after which the object does nothing and may be destroyed
// (not inside it). Keep alive: PINGREQ when nothing was sent for the interval, and the end when
// nothing came for one and a half.
//
// Bounds: incoming packets of 256 KiB, as CONNECT says, as many unacknowledged publications as the
// server's receive maximum allows, at most 1,000. Its loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/tls.h"
#include "wire/mqtt.h"

namespace muster::agent {

class MqttClient final : private net::Stream::Events {
 public:
  using Reason = wire::mqtt::Reason;

  struct Events {
    virtual void on_message(std::string_view topic, ByteView payload) = 0;
    virtual void on_gone(const Error&) = 0;  // forbidden: the server said that we may not

   protected:
    ~Events() = default;
  };
  struct Settings {
    std::string host;
    std::uint16_t port = 0;
    std::string client_id;
    Duration keep_alive = 60s;
  };

  MqttClient(net::Loop&, const Settings&, net::TlsContext&, Events&);
  ~MqttClient();
  MqttClient(const MqttClient&) = delete;

  net::Task<void> opened();  // the handshake is done, or the connection is gone
  // Both wait for the answer, 15 s at most. Forbidden: the server knows us and refuses.
  net::Task<Result<void>> connected();
  net::Task<Result<void>> subscribe(std::vector<std::string> filters);

  // Told once, with the server's word, or never when the connection ends before.
  using Acknowledged = std::move_only_function<void(Reason, std::string_view why)>;
  Result<void> publish(std::string_view topic, std::string_view payload, Acknowledged);  // QoS 1
  void publish_and_forget(std::string_view topic, std::string_view payload);             // QoS 0
  bool ready() const;  // connected, and another publication may be in flight
  std::size_t in_flight() const { return in_flight_.size(); }
  void disconnect();  // politely; on_gone() follows

 private:
  enum class State : std::uint8_t { opening, greeting, open, gone };

  void on_open() override;
  std::size_t on_bytes(ByteView) override;
  void on_close(const Error&) override;
  void take(const wire::mqtt::Packet&);
  void take_connack(const wire::mqtt::Connack&);
  void take_publish(const wire::mqtt::Publish&);
  void send(const wire::mqtt::Packet&);
  void drop(Error);
  void beat();
  std::uint16_t identify();

  net::Loop& loop_;
  const Settings settings_;
  Events& events_;
  State state_ = State::opening;
  std::optional<Error> why_;  // said by the server before it closed
  std::map<std::uint16_t, Acknowledged> in_flight_;
  std::size_t in_flight_max_ = 1'000;
  std::uint16_t last_id_ = 0, subscribe_id_ = 0;
  std::optional<Result<void>> connected_, subscribed_;
  net::Event opened_, greeted_;
  std::unique_ptr<net::Event> granted_;
  net::Loop::TimerId heart_;
  std::int64_t heard_ns_ = 0, sent_ns_ = 0;
  net::Stream stream_;
};

}  // namespace muster::agent
