// gateway -- the device door: MQTT sessions and their routing, enrolment over secure transport
// (EST), update polling and artifact downloads, each tied to a certificate.
//
// One I/O thread per core, each with its own loop, TLS contexts and listeners on the shared ports;
// a device stays on the thread that accepted it. Identity and rights are asked of the controller
// after an MQTT handshake (and again if a cut may have overtaken the answer), and at each request
// over HTTPS; changes come as pushes and find the session by index. Readings are
// parsed once, where they arrive, and travel in batches. The gateway holds no CA key, decides
// nothing about devices, and includes no domain module.
//
// push(), ports() and counters() from any thread. reload() and drain() from one thread at a time,
// none of the gateway's; after drain() there is nothing to reload. The controller and the telemetry
// outlive the gateway, and the controller has ended, or answered what it was asked, before the
// gateway is destroyed. What a PUBACK means: docs/formats/mqtt.md.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "link/link.h"

namespace muster::gateway {

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t mqtt_port = 8883, device_port = 8884, enrol_port = 8885;  // 0: a free one
  std::optional<std::uint16_t> status_port = {};  // plain HTTP, CRL and OCSP only; none by default
  unsigned threads = 1;
  std::string key_pem, chain_pem;         // the doors' own
  std::string device_anchors_pem;         // CA certificates that devices' chains end in
  std::vector<Bytes> ca_certificates;     // DER, for EST cacerts: issuing first, root last
  Duration poll_interval = 5min;          // told to clients of the DDI
  std::size_t packet_max = 256 << 10;     // octets of one MQTT packet
  std::size_t connections_max = 100'000;  // per thread
  std::size_t enrolments_in_flight = 256;
  double enrolments_per_address = 500;          // a second, per thread
  double enrolments_per_address_burst = 5'000;  // at once, after a time of quiet
};

struct Counters {  // since start, all threads
  std::uint64_t connections = 0, connects = 0, connects_refused = 0, publishes = 0,
                publishes_refused = 0, packets_malformed = 0, deliveries = 0,
                deliveries_dropped = 0, enrolments = 0, enrolments_refused = 0, downloads = 0,
                cuts = 0,
                enrolments_deferred = 0,  // deferred: told to come again, for their number
      crls = 0, statuses = 0, statuses_kept = 0, take_overs = 0;
};

class Gateway final : public link::Gate {
 public:
  static Result<std::unique_ptr<Gateway>> open(const Settings&, link::Controller&, link::Telemetry&,
                                               const Clock&);
  ~Gateway() override;  // drains and joins its threads

  struct Ports {
    std::uint16_t mqtt = 0, device = 0, enrol = 0;
    std::optional<std::uint16_t> status = {};
  };
  Ports ports() const;
  // Every thread walks all of them: a cut must reach each, since a grant may be on its way to any,
  // and to know who is on which thread would take a lock at each connection.
  void push(link::Pushes) override;
  // Says goodbye to every session, waits for the batches that are with the telemetry, and stops the
  // threads; repeats are harmless.
  void drain();
  Counters counters() const;
  // New key, chain and anchors for handshakes to come; live connections stay.
  Result<void> reload(std::string key_pem, std::string chain_pem, std::string device_anchors_pem);
  // What EST cacerts gives from now on: CA certificates, DER, what issues first.
  Result<void> give(const std::vector<Bytes>& ca_certificates);
  // What the doors staple for clients that ask (RFC 6066 8): an OCSPResponse for their certificate,
  // DER; empty: nothing. Until the next reload().
  void staple(const Bytes& ocsp_response);

 private:
  struct Threads;
  explicit Gateway(std::unique_ptr<Threads>);
  std::unique_ptr<Threads> threads_;
};

}  // namespace muster::gateway
