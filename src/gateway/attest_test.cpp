// Enrolment by TPM, and evidence of boots, at the doors.
#include <catch2/catch.hpp>

#include "crypto/csr.h"
#include "gateway/internal/test_workbench.h"
#include "wire/attestation.h"

using namespace muster;
using namespace muster::gateway;
using net::http::Answer;

namespace {

Answer call(Workbench& w, const Papers& who, std::uint16_t port, net::http::Call call) {
  auto tls = expect(net::TlsContext::client(
      {.key_pem = who.key_pem, .chain_pem = who.certificate_pem, .anchors_pem = w.ca.pem()}));
  net::http::Client client(w.loop, "127.0.0.1", port, &tls);
  return expect(net::run(w.loop, client.call(std::move(call))));
}

wire::AttestedEnrolment enrolment(const crypto::SigningKey& key) {
  return {.id = "meter-1",
          .secret = Bytes(32, 1),
          .boot = {.quote = Bytes(9, 2), .signature = Bytes(9, 3), .values = {Bytes(32, 4)}},
          .certify = Bytes(9, 5),
          .certify_signature = Bytes(9, 6),
          .key_area = Bytes(9, 7),
          .csr = expect(crypto::make_csr(key, "meter-1"))};
}

}  // namespace

TEST_CASE("a device asks for a challenge and enrols by its TPM, in JSON") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const auto port = w.gateway->ports().enrol;
  const auto challenge =
      call(w, meter, port,
           {.method = "POST",
            .target = "/attest/challenge",
            .body = to_text(wire::ChallengeAsk{"meter-1", Bytes(9, 1), {}, Bytes(9, 2)})});
  CHECK(challenge.status == 200);
  CHECK(challenge.body == R"({"nonce":"AA=="})");
  const auto asked = w.controller.asked<link::AttestChallenge>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].ek_area == Bytes(9, 1));

  w.controller.to_certificate = link::Reply{Bytes(20, 8)};
  const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  const auto answer =
      call(w, meter, port,
           {.method = "POST", .target = "/attest/enrol", .body = to_text(enrolment(key))});
  CHECK(answer.status == 200);
  CHECK(expect(wire::parse_certificate_text(answer.body)) == Bytes(20, 8));
  const auto enrolled = w.controller.asked<link::AttestEnrol>();
  REQUIRE(enrolled.size() == 1);
  CHECK(enrolled[0].spki == key.public_key().spki());
  CHECK(enrolled[0].boot.values == std::vector<Bytes>{Bytes(32, 4)});
  CHECK(w.gateway->counters().enrolments == 1);
}

TEST_CASE("an enrolment by TPM that does not read is refused before the controller is asked") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const auto port = w.gateway->ports().enrol;
  const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  auto forged = enrolment(key);
  forged.csr[forged.csr.size() - 5] ^= 1;  // its proof of possession
  for (const auto& body : {std::string("{}"), std::string("no json"), to_text(forged)})
    CHECK(
        call(w, meter, port, {.method = "POST", .target = "/attest/enrol", .body = body}).status ==
        400);
  CHECK(call(w, meter, port, {.target = "/attest/enrol"}).status == 405);
  CHECK(call(w, meter, port,
             {.method = "POST", .target = "/attest/challenge", .body = std::string(40'000, ' ')})
            .status == 413);
  CHECK(w.controller.asked<link::AttestEnrol>().empty());
  CHECK(w.gateway->counters().enrolments_refused == 3);
}

TEST_CASE("a device asks what it is to show of its boot, and shows it, on its own path only") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const auto port = w.gateway->ports().device;
  const std::string path = "/v1/devices/meter-1/attestation";
  CHECK(call(w, meter, port, {.target = path}).body == R"({"nonce":"AA=="})");
  const wire::BootEvidence boot{
      .quote = Bytes(9, 2), .signature = Bytes(9, 3), .values = {}, .event_log = Bytes(100'000, 4)};
  const auto shown =
      call(w, meter, port, {.method = "POST", .target = path, .body = to_text(boot)});
  CHECK(shown.status == 200);
  CHECK(shown.body == R"({"state":"trusted"})");
  const auto heard = w.controller.asked<link::ShowBoot>();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].boot.event_log.size() == 100'000);
  CHECK(call(w, meter, port, {.method = "POST", .target = path, .body = "{}"}).status == 400);
  CHECK(call(w, meter, port, {.target = "/v1/devices/meter-2/attestation"}).status == 403);
}
