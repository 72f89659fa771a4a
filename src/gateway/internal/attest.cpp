#include "gateway/internal/attest.h"

#include "crypto/csr.h"
#include "gateway/internal/claims.h"
#include "gateway/internal/reply.h"

namespace muster::gateway {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using net::http::Response;

constexpr std::string_view challenge_path = "/attest/challenge", enrol_path = "/attest/enrol";
constexpr std::size_t challenge_max = 32 << 10;

}  // namespace

link::BootEvidence evidence_of(wire::BootEvidence boot) {
  return {.quote = std::move(boot.quote),
          .signature = std::move(boot.signature),
          .values = std::move(boot.values),
          .event_log = std::move(boot.event_log)};
}

Attest::Attest(const Settings& settings, Questions& questions, Tally& tally)
    : settings_(settings), questions_(questions), tally_(tally) {}

bool Attest::has(std::string_view path) {
  return path == challenge_path || path == enrol_path;
}

std::expected<net::http::Admission, Response> Attest::admit(const Head& head) const {
  if (head.method != "POST") return std::unexpected(plain(405, "this takes POST"));
  const std::size_t most =
      head.path == challenge_path ? challenge_max : wire::attestation_bytes_max;
  if (head.content_length > most)
    return std::unexpected(plain(413, "this takes at most " + std::to_string(most) + " octets"));
  if (in_flight_ >= settings_.enrolments_in_flight) {
    auto busy = plain(503, "too many enrolments at once; try again shortly");
    busy.headers.emplace_back("Retry-After", "5");
    return std::unexpected(std::move(busy));
  }
  return net::http::Admission{.body_max = most};
}

void Attest::serve(Request request, Respond respond) {
  if (request.path == challenge_path) return challenge(request, std::move(respond));
  enrol(request, std::move(respond));
}

void Attest::refuse(const Error& why, Respond& respond) {
  count(tally_.enrolments_refused);
  respond(refusal(why));
}

void Attest::challenge(const Request& request, Respond respond) {
  auto asked = wire::parse_challenge_ask(request.body);
  if (!asked) return refuse(asked.error(), respond);
  ask(link::AttestChallenge{std::move(asked->id), std::move(asked->ek_area),
                            std::move(asked->ek_certificate), std::move(asked->ak_area),
                            request.peer_address},
      std::move(respond));
}

void Attest::enrol(const Request& request, Respond respond) {
  auto asked = wire::parse_attested_enrolment(request.body);
  if (!asked) return refuse(asked.error(), respond);
  auto csr = crypto::parse_csr(asked->csr);
  if (!csr) return refuse(csr.error(), respond);
  ask(link::AttestEnrol{.id = std::move(asked->id),
                        .secret = std::move(asked->secret),
                        .boot = evidence_of(std::move(asked->boot)),
                        .certify = std::move(asked->certify),
                        .certify_signature = std::move(asked->certify_signature),
                        .key_area = std::move(asked->key_area),
                        .spki = csr->key.spki(),
                        .csr_digest = csr->digest,
                        .claimed_name = csr->common_name,
                        .from = request.peer_address,
                        .claims = claims_of(*csr)},
      std::move(respond));
}

// A challenge is answered with text, an enrolment with a certificate.
void Attest::ask(link::Request request, Respond respond) {
  ++in_flight_;
  questions_.ask(std::move(request),
                 [this, respond = std::move(respond)](Result<link::Reply> reply) mutable {
                   --in_flight_;
                   if (!reply) return refuse(reply.error(), respond);
                   if (auto* text = std::get_if<std::string>(&*reply))
                     return respond(json(std::move(*text)));
                   count(tally_.enrolments);
                   respond(json(wire::certificate_text(std::get<Bytes>(*reply))));
                 });
}

}  // namespace muster::gateway
