// The two doors that speak HTTPS: enrolment, and the update path.
#include <catch2/catch.hpp>
#include <thread>

#include "crypto/cms.h"
#include "crypto/csr.h"
#include "crypto/internal/test_maker.h"
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

TEST_CASE("who shows a certificate that is not ours is asked about with all that it showed") {
  Workbench w;
  const crypto::TestMaker maker;
  const auto born = maker.bear("A1", {.intermediate = true});
  Papers papers{.key_pem = born.key.private_pem(), .certificate_pem = {}};
  for (const auto& der : born.chain) papers.certificate_pem += crypto::certificate_pem(der);
  w.controller.to_certificate = link::Reply{link::Later{30}};
  auto request = request_for_certificate("/.well-known/est/fields/simpleenroll");
  request.headers.clear();
  const auto answer = call(w, papers, w.gateway->ports().enrol, std::move(request));
  CHECK(answer.status == 202);
  REQUIRE(answer.header("Retry-After"));
  CHECK(*answer.header("Retry-After") == "30");
  const auto asked = w.controller.asked<link::Enrol>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].chain == born.chain);
  CHECK(asked[0].profile == "fields");
  CHECK(asked[0].token.empty());
}

TEST_CASE("a certificate that is not ours opens neither the update path nor MQTT") {
  Workbench w;
  const crypto::TestMaker maker;
  const auto born = maker.bear("A1");
  auto tls =
      expect(net::TlsContext::client({.key_pem = born.key.private_pem(),
                                      .chain_pem = crypto::certificate_pem(born.chain.front()),
                                      .anchors_pem = w.ca.pem()}));
  net::http::Client client(w.loop, "127.0.0.1", w.gateway->ports().device, &tls);
  CHECK_FALSE(net::run(w.loop, client.call({.target = "/v1/devices/meter-1/updates"})));
  CHECK(w.controller.asked<link::Hello>().empty());
}

TEST_CASE("a label that names no profile is not there, and says nothing of those that are") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const auto port = w.gateway->ports().enrol;
  CHECK(call(w, meter, port, {.target = "/.well-known/est/fields/cacerts"}).status == 200);
  const auto unknown = call(w, meter, port, {.target = "/.well-known/est/forests/cacerts"});
  CHECK(unknown.status == 404);
  CHECK(unknown.body.find("fields") == std::string::npos);
  CHECK(call(w, meter, port, {.target = "/.well-known/est/a/b/cacerts"}).status == 404);
}

TEST_CASE("who asks for attributes is told which key and which hash") {
  Workbench w;
  const auto answer = call(w, w.device("meter-1"), w.gateway->ports().enrol,
                           {.target = "/.well-known/est/csrattrs"});
  CHECK(answer.status == 200);
  CHECK(*answer.header("Content-Type") == "application/csrattrs");
  CHECK(to_hex(expect(from_base64(answer.body))) ==
        "3021301506072a8648ce3d0201310a06082a8648ce3d03010706082a8648ce3d040302");
}

TEST_CASE("a key made by the server comes beside its certificate, another one each time") {
  Workbench w;
  const auto port = w.gateway->ports().enrol;
  const Papers issued = w.ca.issue(crypto::Use::client, "meter-1");
  w.controller.to_certificate =
      link::Reply{expect(crypto::parse_certificates_pem(issued.certificate_pem)).at(0).der};
  const auto request = request_for_certificate("/.well-known/est/serverkeygen");
  const auto answer = call(w, issued, port, request);
  REQUIRE(answer.status == 200);
  CHECK(answer.header("Content-Type")->starts_with("multipart/mixed; boundary="));
  CHECK(answer.body.find("application/pkcs8") != std::string::npos);
  CHECK(answer.body.find("smime-type=certs-only") != std::string::npos);
  const auto blank = answer.body.find("\r\n\r\n") + 4;
  const auto key = answer.body.substr(blank, answer.body.find("\r\n", blank) - blank);
  const auto made = expect(crypto::FileKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + key +
                                                     "\n-----END PRIVATE KEY-----\n"));
  call(w, issued, port, request);
  const auto asked = w.controller.asked<link::Enrol>();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].server_key);
  CHECK(asked[0].spki == made.public_key().spki());
  CHECK(asked[0].spki != asked[1].spki);
  CHECK(asked[0].csr_digest != asked[1].csr_digest);
}

TEST_CASE("who asks too often is told to come again, before the request is read") {
  Workbench w;
  auto settings = w.settings(1);
  settings.enrolments_per_address = 0.001;
  settings.enrolments_per_address_burst = 2;
  const auto narrow = expect(Gateway::open(settings, w.controller, w.telemetry, w.clock));
  const auto meter = w.device("meter-1");
  auto garbage = request_for_certificate(enrol_path);
  garbage.body = "!";
  CHECK(call(w, meter, narrow->ports().enrol, garbage).status == 400);
  CHECK(call(w, meter, narrow->ports().enrol, garbage).status == 400);
  const auto answer = call(w, meter, narrow->ports().enrol, garbage);
  CHECK(answer.status == 503);
  CHECK(answer.header("Retry-After"));
  CHECK(narrow->counters().enrolments_deferred == 1);
  narrow->drain();
}

TEST_CASE("a gateway that has no CA certificates to give out does not open") {
  Workbench w;
  auto settings = w.settings(1);
  settings.ca_certificates.clear();
  const auto refused = Gateway::open(settings, w.controller, w.telemetry, w.clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("no certificate") != std::string::npos);
}
