#include "agent/attestation.h"

#include "agent/internal/answers.h"

namespace muster::agent {
namespace {

constexpr int readings_max = 5;

}  // namespace

AttestationClient::AttestationClient(net::Loop& loop, std::string host, std::uint16_t port,
                                     net::TlsContext& tls, const Witness& witness)
    : witness_(witness), client_(loop, std::move(host), port, &tls) {}

net::Task<Result<net::http::Answer>> AttestationClient::post(std::string target, std::string body) {
  return client_.call({.method = "POST",
                       .target = std::move(target),
                       .headers = {{"Content-Type", "application/json"}},
                       .body = std::move(body),
                       .body_max = 64 * 1024});
}

Result<wire::BootEvidence> AttestationClient::evidence(ByteView nonce,
                                                       const std::string& pcrs) const {
  TRY(const auto selection, crypto::tpm::parse_selection(pcrs));
  for (int reading = 1;; ++reading) {
    TRY(auto values, witness_.registers(selection));
    TRY(auto quote, witness_.quote(nonce, selection));
    TRY(const auto after, witness_.registers(selection));
    if (values != after && reading < readings_max) continue;  // somebody extended one in between
    return wire::BootEvidence{.quote = std::move(quote.attest),
                              .signature = std::move(quote.signature),
                              .values = std::move(values),
                              .event_log = witness_.event_log()};
  }
}

net::Task<Result<EstAnswer>> AttestationClient::enrol(std::string id, std::string key, Bytes csr) {
  CO_TRY(auto birth, witness_.birth());
  CO_TRY(const auto challenged,
         co_await post("/attest/challenge",
                       to_text(wire::ChallengeAsk{.id = id,
                                                  .ek_area = std::move(birth.ek_area),
                                                  .ek_certificate = std::move(birth.ek_certificate),
                                                  .ak_area = std::move(birth.ak_area)})));
  if (is_later(challenged))
    co_return EstAnswer{.certificate = {}, .again_in = retry_after(challenged)};
  if (challenged.status != 200) co_return refused(challenged);
  CO_TRY(const auto given, wire::parse_challenge_given(challenged.body));
  wire::AttestedEnrolment proof{.id = std::move(id), .csr = std::move(csr)};
  CO_TRY(proof.secret,
         witness_.activate({.id_object = given.credential_blob, .encrypted_secret = given.secret}));
  CO_TRY(proof.boot, evidence(given.nonce, given.pcrs));
  CO_TRY(auto certified, witness_.certify(key, given.nonce));
  proof.certify = std::move(certified.attest);
  proof.certify_signature = std::move(certified.signature);
  CO_TRY(proof.key_area, witness_.key_area(key));
  CO_TRY(const auto answer, co_await post("/attest/enrol", to_text(proof)));
  if (is_later(answer)) co_return EstAnswer{.certificate = {}, .again_in = retry_after(answer)};
  if (answer.status != 200) co_return refused(answer);
  CO_TRY(const auto der, wire::parse_certificate_text(answer.body));
  CO_TRY(auto certificate, crypto::parse_certificate(der));
  co_return EstAnswer{.certificate = std::move(certificate)};
}

net::Task<Result<void>> AttestationClient::show(std::string id) {
  const std::string target = "/v1/devices/" + id + "/attestation";
  CO_TRY(const auto asked, co_await client_.call({.target = target, .body_max = 64 * 1024}));
  if (asked.status != 200) co_return refused(asked);
  CO_TRY(const auto wanted, wire::parse_evidence_ask(asked.body));
  CO_TRY(const auto boot, evidence(wanted.nonce, wanted.pcrs));
  CO_TRY(const auto answer, co_await post(target, to_text(boot)));
  if (answer.status / 100 != 2) co_return refused(answer);
  co_return Result<void>{};
}

}  // namespace muster::agent
