#include "gateway/internal/est.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/id.h"
#include "base/log.h"
#include "crypto/cms.h"
#include "crypto/hash.h"
#include "gateway/internal/claims.h"
#include "gateway/internal/est_answers.h"
#include "gateway/internal/reply.h"

namespace muster::gateway {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using net::http::Response;

constexpr std::string_view root = "/.well-known/est/";
constexpr std::size_t csr_base64_max =
    crypto::csr_bytes_max * 4 / 3 + 1024;  // room for any wrapping

struct Credentials {
  std::string user, password;
};

std::optional<Credentials> basic(const Head& head) {
  const std::string* header = head.header("Authorization");
  if (!header || header->size() > 512 || !header->starts_with("Basic ")) return std::nullopt;
  auto decoded = from_base64(std::string_view(*header).substr(6));
  if (!decoded) return std::nullopt;
  std::string_view text = text_of(*decoded);
  auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Credentials{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

net::http::Header basic_challenge() {
  return {"WWW-Authenticate", "Basic realm=\"muster enrolment: device id and one-time token\""};
}

// Without a body: Bouncy Castle's client gives up on a challenge that has one.
Response challenge() {
  return {.status = 401, .headers = {basic_challenge()}};
}

// RFC 7030 section 3.5: who fills in the challengePassword ties the request to this connection.
Result<void> check_binding(const crypto::Csr& csr, const Request& request) {
  if (csr.challenge_password.empty()) return {};
  const auto told = from_base64(csr.challenge_password);
  if (told && !request.channel_binding.empty() && *told == request.channel_binding) return {};
  return fail(Fault::invalid,
              "the request's challengePassword is not of this connection (tls-unique in TLS 1.2, "
              "tls-exporter in TLS 1.3, in base64); leave it out, or make the request anew");
}

Result<std::vector<Bytes>> chain_of(Request& request) {
  std::vector<Bytes> out;
  if (!request.peer_certificate) return out;
  out.push_back(std::move(*request.peer_certificate));
  for (auto& der : request.peer_issuers) out.push_back(std::move(der));
  std::size_t octets = 0;
  for (const auto& der : out) octets += der.size();
  if (out.size() > link::chain_certificates_max || octets > link::chain_octets_max)
    return fail(Fault::invalid, "the certificates of this connection are more than 4, or 16 KiB");
  return out;
}

}  // namespace

enum class Est::Operation : std::uint8_t { none, cacerts, csrattrs, enrol, renew, key };

// With at most one label before the operation (RFC 7030 3.2.2).
struct Est::Path {
  Operation operation = Operation::none;
  std::string profile = {};
  bool wrapped = false;  // under the label "mime": lines of 64
  bool posts() const { return operation >= Operation::enrol; }
};

Est::Path Est::path_of(std::string_view path) {
  constexpr std::pair<std::string_view, Operation> operations[] = {
      {"cacerts", Operation::cacerts},
      {"csrattrs", Operation::csrattrs},
      {"simpleenroll", Operation::enrol},
      {"simplereenroll", Operation::renew},
      {"serverkeygen", Operation::key}};
  if (!path.starts_with(root)) return {};
  path.remove_prefix(root.size());
  const auto slash = path.rfind('/');
  const bool labelled = slash != std::string_view::npos;
  const auto label = labelled ? path.substr(0, slash) : std::string_view();
  if (labelled && !is_name(label)) return {};
  const auto* const known = std::ranges::find(operations, labelled ? path.substr(slash + 1) : path,
                                              &std::pair<std::string_view, Operation>::first);
  if (known == std::end(operations)) return {};
  const bool wrapped = label == "mime";
  return {.operation = known->second,
          .profile = std::string(wrapped ? std::string_view() : label),
          .wrapped = wrapped};
}

Est::Est(const Settings& settings, Questions& questions, Tally& tally, PkiHttp& pki,
         std::string ca_certificates)
    : settings_(settings),
      questions_(questions),
      tally_(tally),
      pki_(pki),
      attest_(settings, questions, tally),
      ca_certificates_(std::move(ca_certificates)),
      arrivals_({settings.enrolments_per_address, settings.enrolments_per_address_burst}) {}

Result<std::unique_ptr<Est>> Est::open(const Settings& settings, Questions& questions, Tally& tally,
                                       PkiHttp& pki) {
  TRY(const auto cms, crypto::make_certs_only(settings.ca_certificates));
  return std::unique_ptr<Est>(new Est(settings, questions, tally, pki, std::string(text_of(cms))));
}

Response Est::later(std::string words) {
  count(tally_.enrolments_deferred);
  auto busy = plain(503, std::move(words));
  busy.headers.emplace_back("Retry-After", "5");
  return busy;
}

// All that costs more than reading the head comes after this.
std::expected<net::http::Admission, Response> Est::admit(const Head& head) {
  if (PkiHttp::is_here(head.path)) return pki_.admit(head);
  if (Attest::has(head.path)) return attest_.admit(head);
  if (!path_of(head.path).posts()) return net::http::Admission{.body_max = 0};
  if (head.method != "POST") return std::unexpected(plain(405, "this operation takes POST"));
  if (head.content_length > csr_base64_max) {
    count(tally_.enrolments_refused);
    return std::unexpected(plain(413, "a certificate request may have at most " +
                                          std::to_string(crypto::csr_bytes_max) +
                                          " octets before base64"));
  }
  if (!arrivals_.admit(head.peer_address, monotonic_ns()))
    return std::unexpected(later("too many requests from this address; try again shortly"));
  if (in_flight_ >= settings_.enrolments_in_flight)
    return std::unexpected(later("too many enrolments at once; try again shortly"));
  return net::http::Admission{.body_max = csr_base64_max};
}

void Est::serve(Request request, Respond respond) {
  if (PkiHttp::is_here(request.path)) return pki_.serve(std::move(request), std::move(respond));
  if (Attest::has(request.path)) return attest_.serve(std::move(request), std::move(respond));
  const auto path = path_of(request.path);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (path.operation == Operation::renew)
    return renew(std::move(request), std::move(respond), path);
  if (path.posts()) return enrol(std::move(request), std::move(respond), path);
  if (reads && path.operation != Operation::none) return read(request, std::move(respond), path);
  respond(plain(404,
                "here are /.well-known/est/{cacerts,csrattrs,simpleenroll,simplereenroll,"
                "serverkeygen}, /crl and /ocsp"));
}

// Whoever fetches the CA's certificates under its own has them: the domain keeps count.
void Est::read(const Request& request, Respond respond, const Path& path) {
  if (path.operation == Operation::cacerts && request.method == "GET" && request.peer_certificate)
    questions_.report(link::AuthoritiesFetched{crypto::sha256(*request.peer_certificate)});
  auto answer = path.operation == Operation::cacerts
                    ? authorities_answer(bytes_of(ca_certificates_), path.wrapped)
                    : attributes_answer(path.wrapped);
  if (path.profile.empty()) return respond(std::move(answer));
  questions_.ask(link::FindProfile{path.profile},
                 [answer = std::move(answer),
                  respond = std::move(respond)](const Result<link::Reply>& reply) mutable {
                   respond(reply ? std::move(answer) : refusal(reply.error()));
                 });
}

Result<crypto::Csr> Est::csr_of(const Request& request) {
  const auto der = from_base64(request.body);
  if (!der)
    return fail(Fault::invalid,
                "the body must be a PKCS#10 request in base64: " + der.error().message);
  TRY(auto csr, crypto::parse_csr(*der));
  TRY_VOID(check_binding(csr, request));
  return csr;
}

void Est::refuse(const Error& why, Respond respond) {
  count(tally_.enrolments_refused);
  respond(refusal(why));
}

// The proof is a token over HTTP Basic, or the certificate that the maker gave.
void Est::enrol(Request request, Respond respond, const Path& path) {
  auto credentials = basic(request);
  if (!credentials && !request.peer_certificate) return respond(challenge());
  auto csr = csr_of(request);
  if (!csr) return refuse(csr.error(), std::move(respond));
  link::Enrol ask_for{.user = {},
                      .token = {},
                      .spki = csr->key.spki(),
                      .csr_digest = csr->digest,
                      .claimed_name = csr->common_name,
                      .from = request.peer_address,
                      .profile = path.profile,
                      .claims = claims_of(*csr)};
  if (credentials) {
    ask_for.user = std::move(credentials->user);
    ask_for.token = std::move(credentials->password);
  } else {
    auto chain = chain_of(request);
    if (!chain) return refuse(chain.error(), std::move(respond));
    ask_for.chain = std::move(*chain);
  }
  const bool wrapped = path.wrapped, by_token = credentials.has_value();
  if (path.operation != Operation::key)
    return ask(std::move(ask_for), std::move(respond), by_token,
               [wrapped](const Bytes& der) { return certificate_answer(der, wrapped); });
  auto key = crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256);
  if (!key) return refuse(key.error(), std::move(respond));
  ask_for.spki = key->public_key().spki();
  ask_for.csr_digest = crypto::sha256(ask_for.spki);  // another key, another request
  ask_for.server_key = true;
  ask(std::move(ask_for), std::move(respond), by_token,
      [wrapped, key = std::move(*key)](const Bytes& der) { return key_answer(key, der, wrapped); });
}

void Est::renew(Request request, Respond respond, const Path& path) {
  if (!request.peer_certificate)
    return respond(
        plain(401, "renewal needs the certificate that is to be renewed, in the TLS handshake"));
  auto csr = csr_of(request);
  if (!csr) return refuse(csr.error(), std::move(respond));
  ask(link::Renew{.certificate = crypto::sha256(*request.peer_certificate),
                  .spki = csr->key.spki(),
                  .csr_digest = csr->digest,
                  .claimed_name = csr->common_name,
                  .from = request.peer_address,
                  .profile = path.profile,
                  .claims = claims_of(*csr)},
      std::move(respond), false,
      [wrapped = path.wrapped](const Bytes& der) { return certificate_answer(der, wrapped); });
}

void Est::ask(link::Request request, Respond respond, bool by_token, Render render) {
  ++in_flight_;
  questions_.ask(std::move(request),
                 [this, by_token, render = std::move(render),
                  respond = std::move(respond)](Result<link::Reply> reply) mutable {
                   --in_flight_;
                   if (!reply) {
                     count(tally_.enrolments_refused);
                     auto response = refusal(reply.error());
                     if (response.status == 401 && by_token)
                       response.headers.push_back(basic_challenge());
                     return respond(std::move(response));
                   }
                   if (const auto* parked = std::get_if<link::Later>(&*reply)) {
                     auto response = plain(202, "this device waits for the operator; ask again");
                     response.headers.emplace_back("Retry-After", std::to_string(parked->seconds));
                     return respond(std::move(response));
                   }
                   count(tally_.enrolments);
                   respond(render(std::move(std::get<Bytes>(*reply))));
                 });
}

}  // namespace muster::gateway
