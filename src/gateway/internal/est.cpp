#include "gateway/internal/est.h"

#include <string_view>

#include "base/log.h"
#include "crypto/cms.h"
#include "crypto/csr.h"
#include "crypto/hash.h"
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

struct Operation {
  std::string_view name;
  bool wrapped = false;  // under the label "mime": lines of 64
};

// The operation of an EST path, with at most one label before it (RFC 7030 3.2.2).
Operation operation_of(std::string_view path) {
  if (!path.starts_with(root)) return {};
  path.remove_prefix(root.size());
  auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {path};
  std::string_view label = path.substr(0, slash);
  if (label.empty() || label.find('/') != std::string_view::npos) return {};
  return {path.substr(slash + 1), label == "mime"};
}

std::string wrap(const std::string& line) {
  std::string out;
  for (std::size_t at = 0; at < line.size(); at += 64) out.append(line, at, 64).append("\r\n");
  return out;
}

Response pkcs7(ByteView der, bool wrapped, bool certs_only) {
  std::string line = to_base64(der);
  return {.headers = {{"Content-Type", certs_only ? "application/pkcs7-mime; smime-type=certs-only"
                                                  : "application/pkcs7-mime"},
                      {"Content-Transfer-Encoding", "base64"}},
          .body = wrapped ? wrap(line) : std::move(line)};
}

Response certificate_answer(const Result<link::Reply>& reply, bool wrapped) {
  if (!reply) return refusal(reply.error());
  const Bytes& certificate = std::get<Bytes>(*reply);
  auto cms = crypto::make_certs_only(std::span(&certificate, 1));
  return cms ? pkcs7(*cms, wrapped, true) : refusal(cms.error());
}

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

Result<crypto::Csr> csr_of(const Request& request) {
  auto der = from_base64(request.body);
  if (!der)
    return fail(Fault::invalid,
                "the body must be a PKCS#10 request in base64: " + der.error().message);
  return crypto::parse_csr(*der);
}

net::http::Header basic_challenge() {
  return {"WWW-Authenticate", "Basic realm=\"muster enrolment\""};
}

Response challenge() {
  auto response = plain(
      401, "enrolment needs HTTP Basic: the device id as user, its one-time token as password");
  response.headers.push_back(basic_challenge());
  return response;
}

}  // namespace

Est::Est(const Settings& settings, Questions& questions, Tally& tally, std::string ca_certificates)
    : settings_(settings),
      questions_(questions),
      tally_(tally),
      attest_(settings, questions, tally),
      ca_certificates_(std::move(ca_certificates)) {}

Result<std::unique_ptr<Est>> Est::open(const Settings& settings, Questions& questions,
                                       Tally& tally) {
  TRY(const auto cms, crypto::make_certs_only(settings.ca_certificates));
  return std::unique_ptr<Est>(new Est(settings, questions, tally, std::string(text_of(cms))));
}

std::expected<net::http::Admission, Response> Est::admit(const Head& head) {
  if (Attest::has(head.path)) return attest_.admit(head);
  auto operation = operation_of(head.path).name;
  if (operation != "simpleenroll" && operation != "simplereenroll")
    return net::http::Admission{.body_max = 0};
  if (head.method != "POST") return std::unexpected(plain(405, "this operation takes POST"));
  if (head.content_length > csr_base64_max) {
    count(tally_.enrolments_refused);
    return std::unexpected(plain(413, "a certificate request may have at most " +
                                          std::to_string(crypto::csr_bytes_max) +
                                          " octets before base64"));
  }
  if (in_flight_ >= settings_.enrolments_in_flight) {
    auto busy = plain(503, "too many enrolments at once; try again shortly");
    busy.headers.emplace_back("Retry-After", "5");
    return std::unexpected(std::move(busy));
  }
  return net::http::Admission{.body_max = csr_base64_max};
}

void Est::serve(Request request, Respond respond) {
  if (Attest::has(request.path)) return attest_.serve(std::move(request), std::move(respond));
  auto [operation, wrapped] = operation_of(request.path);
  bool read = request.method == "GET" || request.method == "HEAD";
  if (operation == "simpleenroll") return enrol(std::move(request), std::move(respond), wrapped);
  if (operation == "simplereenroll") return renew(std::move(request), std::move(respond), wrapped);
  if (read && operation == "cacerts")
    return respond(pkcs7(bytes_of(ca_certificates_), wrapped, false));
  if (read && operation == "csrattrs") return respond({.status = 204});
  if (read && request.path == "/crl") return crl(std::move(respond));
  respond(plain(
      404, "here are /.well-known/est/{cacerts,simpleenroll,simplereenroll,csrattrs} and /crl"));
}

void Est::enrol(Request request, Respond respond, bool wrapped) {
  auto credentials = basic(request);
  if (!credentials) return respond(challenge());
  auto csr = csr_of(request);
  if (!csr) {
    count(tally_.enrolments_refused);
    return respond(refusal(csr.error()));
  }
  ask(link::Enrol{credentials->user, credentials->password, csr->key.spki(), csr->digest,
                  csr->common_name, request.peer_address},
      std::move(respond), wrapped);
}

void Est::renew(Request request, Respond respond, bool wrapped) {
  if (!request.peer_certificate)
    return respond(
        plain(401, "renewal needs the certificate that is to be renewed, in the TLS handshake"));
  auto csr = csr_of(request);
  if (!csr) {
    count(tally_.enrolments_refused);
    return respond(refusal(csr.error()));
  }
  ask(link::Renew{crypto::sha256(*request.peer_certificate), csr->key.spki(), csr->digest,
                  csr->common_name, request.peer_address},
      std::move(respond), wrapped);
}

void Est::ask(link::Request request, Respond respond, bool wrapped) {
  const bool by_token = std::holds_alternative<link::Enrol>(request);
  ++in_flight_;
  questions_.ask(std::move(request), [this, wrapped, by_token, respond = std::move(respond)](
                                         const Result<link::Reply>& reply) mutable {
    --in_flight_;
    count(reply ? tally_.enrolments : tally_.enrolments_refused);
    auto response = certificate_answer(reply, wrapped);
    if (response.status == 401 && by_token) response.headers.push_back(basic_challenge());
    respond(std::move(response));
  });
}

void Est::crl(Respond respond) {
  questions_.ask(link::GetCrl{}, [respond = std::move(respond)](
                                     const Result<link::Reply>& reply) mutable {
    if (!reply) return respond(refusal(reply.error()));
    respond({.headers = {{"Content-Type", "application/pkix-crl"}, {"Cache-Control", "max-age=60"}},
             .body = std::string(text_of(std::get<Bytes>(*reply)))});
  });
}

}  // namespace muster::gateway
