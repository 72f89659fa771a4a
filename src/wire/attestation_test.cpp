#include "wire/attestation.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::wire;

namespace {

AttestedEnrolment enrolment() {
  return {.id = "meter-1",
          .secret = Bytes(32, 1),
          .boot = {.quote = Bytes(100, 2),
                   .signature = Bytes(70, 3),
                   .values = {Bytes(32, 4), Bytes(32, 5)},
                   .event_log = Bytes(10, 6)},
          .certify = Bytes(100, 7),
          .certify_signature = Bytes(70, 8),
          .key_area = Bytes(90, 9),
          .csr = Bytes(200, 10)};
}

template <class T>
std::string why(const Result<T>& result) {
  return result ? "accepted" : result.error().field + " " + result.error().message;
}

}  // namespace

TEST_CASE("what a device says of its TPM arrives as it was sent") {
  const auto ask = expect(parse_challenge_ask(
      to_text(ChallengeAsk{"meter-1", Bytes(300, 1), Bytes(900, 2), Bytes(90, 3)})));
  CHECK(ask.id == "meter-1");
  CHECK(ask.ek_area == Bytes(300, 1));
  CHECK(ask.ek_certificate == Bytes(900, 2));
  CHECK(ask.ak_area == Bytes(90, 3));
  const auto given = expect(parse_challenge_given(
      to_text(ChallengeGiven{Bytes(68, 1), Bytes(258, 2), Bytes(32, 3), "sha256:0,1"})));
  CHECK(given.credential_blob == Bytes(68, 1));
  CHECK(given.secret == Bytes(258, 2));
  CHECK(given.nonce == Bytes(32, 3));
  CHECK(given.pcrs == "sha256:0,1");
  const auto back = expect(parse_attested_enrolment(to_text(enrolment())));
  CHECK(back.boot.values == enrolment().boot.values);
  CHECK(back.boot.event_log == Bytes(10, 6));
  CHECK(back.certify_signature == Bytes(70, 8));
  CHECK(back.csr == Bytes(200, 10));
  const auto boot = expect(parse_boot_evidence(to_text(enrolment().boot)));
  CHECK(boot.quote == Bytes(100, 2));
  CHECK(expect(parse_evidence_ask(to_text(EvidenceAsk{Bytes(32, 1), "sha256:7"}))).pcrs ==
        "sha256:7");
  CHECK(expect(parse_certificate_text(certificate_text(Bytes(5, 1)))) == Bytes(5, 1));
}

TEST_CASE("what is too long, missing, unknown or not octets is refused by its name") {
  auto big = enrolment();
  big.csr = Bytes(9000);
  CHECK(why(parse_attested_enrolment(to_text(big))).starts_with("/csr"));
  big = enrolment();
  big.boot.values.assign(25, Bytes(32));
  CHECK(why(parse_attested_enrolment(to_text(big))).starts_with("/boot/values"));
  big = enrolment();
  big.boot.quote.clear();
  CHECK(why(parse_attested_enrolment(to_text(big))) == "/boot/quote must not be empty");
  big = enrolment();
  big.boot.event_log = Bytes(300 * 1024);
  CHECK(why(parse_attested_enrolment(to_text(big))).starts_with("/boot/event_log"));
  CHECK(why(parse_challenge_ask("{\"id\":\"a\",\"ek_public\":\"!\",\"ak_public\":\"AA==\"}"))
            .starts_with("/ek_public"));
  CHECK_FALSE(parse_challenge_ask("{\"id\":\"a\",\"ek_public\":\"AA==\"}"));
  CHECK_FALSE(parse_evidence_ask("{\"nonce\":\"AA==\",\"pcrs\":\"sha256:0\",\"more\":1}"));
  CHECK_FALSE(parse_boot_evidence("{\"quote\":\"AA==\",\"signature\":\"AA==\",\"values\":[7]}"));
  CHECK_FALSE(parse_certificate_text(std::string(600 * 1024, ' ')));
}
