// agent/internal/test_rehearsal -- for tests: a controller as a device sees it, on the test's own
// loop: EST, the device's HTTPS door and MQTT, over real sockets, with a CA of its own. It
// remembers what it was told, and misbehaves when asked. The test's thread.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/internal/test_artifacts.h"
#include "agent/internal/test_authority.h"
#include "agent/internal/test_maker.h"
#include "crypto/certificate.h"
#include "crypto/cms.h"
#include "crypto/csr.h"
#include "net/http.h"
#include "net/stream.h"
#include "net/task.h"
#include "wire/attestation.h"
#include "wire/mqtt.h"
#include "wire/sanitisation.h"

namespace muster::agent {

class Rehearsal {
  struct Door final : net::http::Service {
    std::function<net::http::Response(const net::http::Request&)> answer;
    void serve(net::http::Request request, net::http::Respond respond) override {
      respond(answer(request));
    }
  };
  struct Line final : net::Stream::Events {
    Line(Rehearsal& r, int fd) : all(r), stream(r.loop, *this, fd, &r.device_tls_) {}
    std::size_t on_bytes(ByteView in) override {
      std::size_t used = 0;
      while (used < in.size() && !closed) {
        const auto decoded = expect(to_result(in.subspan(used)));
        if (!decoded) break;
        used += decoded->size;
        all.hear(*this, decoded->packet);
      }
      return used;
    }
    void on_close(const Error&) override { closed = true; }
    static Result<std::optional<wire::mqtt::Decoded>> to_result(ByteView in) {
      auto decoded = wire::mqtt::decode(in, wire::mqtt::Version::v5);
      if (!decoded) return std::unexpected(static_cast<const Error&>(decoded.error()));
      return std::move(*decoded);
    }
    void send(const wire::mqtt::Packet& packet) {
      Bytes frame;
      expect(wire::mqtt::append(frame, packet, wire::mqtt::Version::v5));
      stream.write(frame);
    }
    Rehearsal& all;
    bool closed = false, subscribed = false;
    net::Stream stream;
  };

 public:
  explicit Rehearsal(net::Loop& l)
      : loop(l),
        device_tls_(
            expect(net::TlsContext::server(authority.door(net::PeerCertificate::required)))),
        enrol_tls_(expect(net::TlsContext::server(authority.door(net::PeerCertificate::any)))),
        est_server_(expect(net::http::Server::open(loop, "127.0.0.1", 0, &enrol_tls_, est_))),
        door_server_(expect(net::http::Server::open(loop, "127.0.0.1", 0, &device_tls_, door_))),
        listener_(expect(net::Listener::open(loop, "127.0.0.1", 0, [this](int fd) {
          lines_.push_back(std::make_unique<Line>(*this, fd));
        }))) {
    est_.answer = [this](const auto& request) { return est(request); };
    door_.answer = [this](const auto& request) { return device_door(request); };
    std::string name = std::filesystem::temp_directory_path() / "muster-rehearsal-XXXXXX";
    if (!::mkdtemp(name.data())) std::abort();
    folder = name;
  }
  ~Rehearsal() { std::filesystem::remove_all(folder); }

  Controller controller() const {
    return {.host = "localhost",
            .mqtt_port = listener_->port(),
            .device_port = door_server_->port(),
            .enrol_port = est_server_->port(),
            .ca_pem = crypto::certificate_pem(authority.root.der),
            .anchors = {authority.root},
            .trust = maker.trust()};
  }

  // Makes the offer, on the line if there is one.
  void offer(const wire::ReleaseMetadata& release, std::string_view bytes, std::uint64_t number) {
    std::ofstream(folder / release.artifact_sha256, std::ios::binary) << bytes;
    offered = maker.offer(release, number);
    offered->logged = logged;
    for (const auto& line : lines_)
      if (line->subscribed && !line->closed) tell(*line);
  }
  void cut() {
    for (const auto& line : lines_) line->stream.close();
  }
  std::size_t lines_up() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines_, [](const auto& line) { return line->subscribed && !line->closed; }));
  }

  net::Loop& loop;
  Authority authority;
  Maker maker;
  std::filesystem::path folder;
  std::optional<wire::Offer> offered;
  std::map<std::string, std::string> served;        // of the TUF repository, by name
  int busy = 0;                                     // enrolments to be refused for now
  int undecided = 0;                                // enrolments that wait for an operator
  std::optional<Bytes> born;                        // the birth certificate of a known device
  bool refuse_mqtt = false;                         // as a device in quarantine is
  bool keep_readings = true;                        // acknowledge them
  std::vector<std::string> requests, certificates;  // CSRs; serials seen in handshakes on MQTT
  std::vector<std::string> told, details;  // "state 1.0.0", "results installed"; of results
  std::vector<std::string> readings;       // packs
  std::vector<std::string> configured;     // what each state said of it, JSON
  std::vector<wire::BootEvidence> boots;   // evidence of them
  std::string order, logged;               // to wipe itself; what offers show of the log
  Artifacts artifacts;
  int deaf = 0;                                   // statements that are not heard
  bool given_up = false;                          // its certificate is revoked
  std::vector<std::string> statements, refusals;  // that were heard

 private:
  static net::http::Response text(int status, std::string body) {
    return {.status = status, .body = std::move(body)};
  }
  net::http::Response est(const net::http::Request& request) {
    if (request.path.ends_with("/cacerts")) {
      const std::vector<Bytes> chain{authority.issuing.der, authority.root.der};
      return text(200, to_base64(expect(crypto::make_certs_only(chain))));
    }
    requests.push_back(request.body);
    if (busy-- > 0) return {.status = 503, .headers = {{"Retry-After", "0"}}, .body = "busy\n"};
    const auto* authorization = request.header("Authorization");
    const bool known =
        request.path.ends_with("/simplereenroll")
            ? request.peer_certificate.has_value()
            : (born && request.peer_certificate == born) ||
                  (authorization &&
                   *authorization == "Basic " + to_base64(bytes_of("meter-1:secret")));
    if (!known) return text(401, "who are you?\n");
    if (undecided-- > 0)
      return {.status = 202, .headers = {{"Retry-After", "0"}}, .body = "wait\n"};
    const auto csr = expect(crypto::parse_csr(expect(from_base64(request.body))));
    const Bytes certificate = authority.device(csr.key, csr.common_name).der;
    return text(200, to_base64(expect(crypto::make_certs_only(std::span(&certificate, 1)))));
  }

  net::http::Response device_door(const net::http::Request& request) {
    if (request.path == "/v1/devices/meter-1/updates")
      return text(200, offered ? wire::to_text(*offered) : wire::no_offer());
    if (request.path.ends_with("/attestation") && request.method == "GET")
      return text(200, to_text(wire::EvidenceAsk{.nonce = Bytes(32, 0x5a), .pcrs = "sha256:4,11"}));
    if (request.path.ends_with("/attestation"))
      boots.push_back(expect(wire::parse_boot_evidence(request.body)));
    if (request.path.starts_with("/artifacts/sha256/")) return artifacts.answer(folder, request);
    if (request.path.starts_with("/tuf/metadata/")) {
      const std::string name = request.path.substr(14);
      return served.contains(name) ? text(200, served[name]) : text(404, "no\n");
    }
    if (request.path.ends_with("/retirement")) return retirement(request);
    if (request.path.ends_with("/retirement/refusal"))
      refusals.push_back(expect(wire::parse_order_refusal(request.body)).why);
    hear_news(request.path, request.body);
    return {.status = 204};
  }

  net::http::Response retirement(const net::http::Request& request) {
    if (request.method == "GET") return text(200, order.empty() ? wire::no_order() : order);
    if (deaf-- > 0) return {.status = 503, .body = "busy\n"};
    if (given_up) return text(401, "revoked\n");
    const auto leaf = expect(crypto::parse_certificate(*request.peer_certificate));
    auto brought = expect(wire::parse_signed_statement(request.body));
    if (!leaf.key.verify(bytes_of(brought.statement), brought.signature))
      return text(401, "not by this key\n");
    statements.push_back(std::move(brought.statement));
    return text(200, R"({"state":"retired"})");
  }

  void hear_news(std::string_view where, std::string_view payload) {
    if (where.ends_with("/state")) {
      const auto state = expect(wire::parse_reported_state(payload));
      told.push_back("state " + state.firmware);
      configured.push_back(wire::to_text(state.config));
    }
    if (!where.ends_with("/results")) return;
    const auto report = expect(wire::parse_update_report(payload));
    told.push_back(std::string("results ") + name_of(report.outcome));
    details.push_back(report.detail);
    if (offered) offered.reset();
  }

  void hear(Line& line, const wire::mqtt::Packet& packet) {
    using namespace wire::mqtt;
    if (std::holds_alternative<Connect>(packet)) {
      const auto leaf = expect(crypto::parse_certificate(*line.stream.peer_certificate()));
      certificates.push_back(to_hex(leaf.serial));
      line.send(Connack{false, refuse_mqtt ? Reason::not_authorized : Reason::success, {}});
      if (refuse_mqtt) line.stream.finish();
    }
    if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
      line.subscribed = true;
      told.push_back("subscribed");
      line.send(Suback{subscribe->packet_id,
                       std::vector<Reason>(subscribe->subscriptions.size(), Reason::granted_qos_1),
                       {}});
      tell(line);
    }
    if (std::holds_alternative<Pingreq>(packet)) line.send(Pingresp{});
    if (std::holds_alternative<Disconnect>(packet)) line.stream.finish();
    if (const auto* publish = std::get_if<Publish>(&packet)) hear_publish(line, *publish);
  }
  void hear_publish(Line& line, const wire::mqtt::Publish& publish) {
    if (publish.topic.ends_with("/telemetry")) {
      readings.push_back(std::string(text_of(publish.payload)));
      if (!keep_readings) return;
    }
    hear_news(publish.topic, text_of(publish.payload));
    if (publish.qos == 1) line.send(wire::mqtt::Puback{publish.packet_id});
  }
  void tell(Line& line) {
    const std::string payload = offered ? wire::to_text(*offered) : wire::no_offer();
    line.send(wire::mqtt::Publish{.topic = "v1/devices/meter-1/updates",
                                  .payload = bytes_of(payload),
                                  .qos = 1,
                                  .packet_id = ++last_id_});
  }

  net::TlsContext device_tls_, enrol_tls_;
  Door est_, door_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::uint16_t last_id_ = 0;
  std::unique_ptr<net::http::Server> est_server_, door_server_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace muster::agent
