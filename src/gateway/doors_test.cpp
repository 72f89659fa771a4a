// The two doors that speak HTTPS: enrolment, and the update path.
#include <catch2/catch.hpp>
#include <thread>

#include "crypto/cms.h"
#include "crypto/csr.h"
#include "gateway/internal/test_workbench.h"

using namespace muster;
using namespace muster::gateway;
using net::http::Answer;
using net::http::Call;

namespace {

constexpr const char* enrol_path = "/.well-known/est/simpleenroll";
constexpr const char* renew_path = "/.well-known/est/simplereenroll";

Answer call(Workbench& w, const Papers& who, std::uint16_t port, Call call) {
  auto tls = expect(net::TlsContext::client(
      {.key_pem = who.key_pem, .chain_pem = who.certificate_pem, .anchors_pem = w.ca.pem()}));
  net::http::Client client(w.loop, "127.0.0.1", port, &tls);
  return expect(net::run(w.loop, client.call(std::move(call))));
}

Call request_for_certificate(const char* path) {
  const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  const auto csr = expect(crypto::make_csr(key, "meter-1"));
  return {.method = "POST",
          .target = path,
          .headers = {{"Authorization", "Basic " + to_base64(bytes_of("meter-1:token"))}},
          .body = to_base64(csr)};
}

}  // namespace

TEST_CASE("what a device asks over HTTPS is worked on its door's thread, not on who answers it") {
  Workbench w;
  w.controller.hold(true);
  std::function<void()> answer_here = [&] {
    if (w.controller.asked<link::Hello>().empty()) return void(w.loop.after(1ms, answer_here));
    w.controller.hold(false);
  };
  w.loop.post([&] { answer_here(); });
  const auto answer = call(w, w.device("meter-1"), w.gateway->ports().device,
                           {.target = "/v1/devices/meter-1/updates"});
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"release":"r-1"})");
  CHECK(w.controller.asked<link::GetUpdate>().size() == 1);
  CHECK_FALSE(w.controller.asked_by(std::this_thread::get_id()));
}

TEST_CASE("a device in quarantine has the update path, and its own part of it only") {
  Workbench w;
  const auto meter = w.device("meter-1", true);
  const auto port = w.gateway->ports().device;
  CHECK(call(w, meter, port, {.target = "/v1/devices/meter-1/updates"}).status == 200);
  CHECK(call(w, meter, port, {.target = "/v1/devices/meter-2/updates"}).status == 403);
  CHECK(call(w, w.application("board", {"#"}), port, {.target = "/v1/devices/board/updates"})
            .status == 403);
  CHECK(w.controller.asked<link::Hello>().size() == 3);  // at each request
}

TEST_CASE("an enrolment is answered with the certificate that the controller issued") {
  Workbench w;
  const Papers issued = w.ca.issue(crypto::Use::client, "meter-1");
  const auto der = expect(crypto::parse_certificates_pem(issued.certificate_pem)).at(0).der;
  w.controller.to_certificate = link::Reply{der};
  const auto answer =
      call(w, issued, w.gateway->ports().enrol, request_for_certificate(enrol_path));
  CHECK(answer.status == 200);
  const auto certificates = expect(crypto::parse_certs_only(expect(from_base64(answer.body))));
  REQUIRE(certificates.size() == 1);
  CHECK(certificates[0].der == der);
  const auto asked = w.controller.asked<link::Enrol>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].user == "meter-1");
  CHECK(asked[0].token == "token");
  CHECK(w.gateway->counters().enrolments == 1);
}

TEST_CASE("a refused token is answered with how to do better, a refused renewal without") {
  Workbench w;
  w.controller.to_certificate = fail(Fault::unauthorized, "no");
  const auto meter = w.device("meter-1");
  const auto port = w.gateway->ports().enrol;
  const auto enrol = call(w, meter, port, request_for_certificate(enrol_path));
  CHECK(enrol.status == 401);
  CHECK(enrol.header("WWW-Authenticate"));
  const auto renew = call(w, meter, port, request_for_certificate(renew_path));
  CHECK(renew.status == 401);
  CHECK_FALSE(renew.header("WWW-Authenticate"));
  CHECK(w.gateway->counters().enrolments_refused == 2);
}

TEST_CASE("a gateway that has no CA certificates to give out does not open") {
  Workbench w;
  auto settings = w.settings(1);
  settings.ca_certificates.clear();
  const auto refused = Gateway::open(settings, w.controller, w.telemetry, w.clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("no certificate") != std::string::npos);
}
