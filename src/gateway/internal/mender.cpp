#include "gateway/internal/mender.h"

#include <utility>

#include "crypto/certificate.h"
#include "gateway/internal/caller.h"
#include "gateway/internal/reply.h"

namespace muster::gateway {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using net::http::Response;
using wire::MenderResource;
using wire::MenderStatus;
using Kind = link::ActionWord::Kind;

constexpr Duration link_life = 24h;  // as told; the client's certificate is what lets it in
constexpr std::size_t signature_max = 1024, token_max = 256;

// As the API has them; attributes may be replaced or merged.
bool takes(MenderResource resource, std::string_view method) {
  switch (resource) {
    case MenderResource::auth_requests:
    case MenderResource::next:
      return method == "POST";
    case MenderResource::attributes:
      return method == "PUT" || method == "PATCH";
    case MenderResource::status:
    case MenderResource::log:
      return method == "PUT";
    case MenderResource::control_map:
      return method == "GET" || method == "HEAD";
  }
  return false;
}

// The request is by who holds the certificate's key: it names that key, and is signed by it.
Result<void> check_signature(const Request& request) {
  TRY(const auto asked, wire::parse_mender_auth(request.body));
  TRY(const auto certificate, crypto::parse_certificate(*request.peer_certificate));
  const auto claimed = crypto::PublicKey::from_pem(asked.pubkey);
  if (!claimed || claimed->spki() != certificate.key.spki())
    return fail(Fault::unauthorized,
                "must be the key of the certificate: set HttpsClient.Key in mender.conf",
                "/pubkey");
  const std::string* given = request.header("X-MEN-Signature");
  const auto signature = given && given->size() <= signature_max
                             ? from_base64(*given)
                             : Result<Bytes>(fail(Fault::invalid, "none"));
  const auto body = bytes_of(request.body);
  const bool is_ecdsa = certificate.key.algorithm() != crypto::Algorithm::ed25519;
  const bool good =
      signature && (is_ecdsa ? certificate.key.verify(body, *signature, crypto::Digest::sha256)
                             : certificate.key.verify(body, *signature));
  if (good) return {};
  return fail(Fault::unauthorized, "must be a signature of the body by the certificate's key",
              "X-MEN-Signature");
}

std::string token_of(const Head& head) {
  constexpr std::string_view bearer = "Bearer ";
  const std::string* given = head.header("Authorization");
  if (!given || !given->starts_with(bearer) || given->size() > token_max) return {};
  return given->substr(bearer.size());
}

Kind kind_of(MenderStatus status) {
  if (status == MenderStatus::success || status == MenderStatus::already_installed)
    return Kind::succeeded;
  return status == MenderStatus::failure ? Kind::failed : Kind::progress;
}

Response response_to(link::ActionHeard heard) {
  if (heard == link::ActionHeard::taken) return {.status = 204};
  if (heard == link::ActionHeard::unknown)
    return plain(404, "there is no such deployment of this device");
  return plain(409, "this deployment was aborted");
}

}  // namespace

struct Mender::Visit {
  wire::MenderPlace place;
  Request request;
  Respond respond;
  link::Caller caller;
};

Mender::Mender(Questions& questions, const Clock& clock) : questions_(questions), clock_(clock) {}

bool Mender::has(std::string_view path) {
  return path.starts_with(wire::mender_prefix);
}

std::expected<net::http::Admission, Response> Mender::admit(const Head& head) {
  const auto most =
      head.path.ends_with("/log") ? wire::mender_log_bytes_max : wire::mender_bytes_max;
  if (head.content_length > most)
    return std::unexpected(plain(413, "this takes at most " + std::to_string(most) + " octets"));
  const bool brings = head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
  return net::http::Admission{.body_max = brings ? most : 0};
}

void Mender::serve(Request request, Respond respond) {
  const auto place = wire::parse_mender_path(request.path);
  if (!place) return respond(plain(404, "there is nothing here; see docs/formats/mender.md"));
  if (!takes(place->resource, request.method))
    return respond(plain(405, "this takes another method; see docs/formats/mender.md"));
  auto visit = std::make_unique<Visit>(*place, std::move(request), std::move(respond));
  const Head& head = visit->request;
  identify(questions_, head, [this, visit = std::move(visit)](Result<link::Caller> who) mutable {
    if (!who) return visit->respond(refusal(who.error()));
    visit->caller = std::move(*who);
    visit->caller.client = link::UpdateClient::mender;
    visit->caller.secret = token_of(visit->request);
    act(std::move(visit));
  });
}

void Mender::act(Visitor visit) {
  switch (visit->place.resource) {
    case MenderResource::auth_requests:
      return begin_session(std::move(visit));
    case MenderResource::attributes:
      return attributes(std::move(visit));
    case MenderResource::next:
      return next(std::move(visit));
    case MenderResource::status:
      return report(std::move(visit));
    case MenderResource::log:
      return keep_log(std::move(visit));
    case MenderResource::control_map:
      return control_map(std::move(visit));
  }
}

void Mender::begin_session(Visitor visit) {
  if (auto good = check_signature(visit->request); !good) {
    questions_.report(link::Misuse{visit->caller.device.text(), "signature.refused",
                                   good.error().field + ' ' + good.error().message});
    return visit->respond(refusal(good.error()));
  }
  link::BeginSession ask{visit->caller};
  questions_.ask(std::move(ask), [visit = std::move(visit)](Result<link::Reply> reply) {
    if (!reply) return visit->respond(refusal(reply.error()));
    visit->respond({.headers = {{"Content-Type", "application/jwt"}, {"Cache-Control", "no-store"}},
                    .body = std::get<std::string>(std::move(*reply))});
  });
}

void Mender::attributes(Visitor visit) {
  using How = link::TellAttributes::How;
  auto told = wire::parse_mender_attributes(visit->request.body);
  if (!told) return visit->respond(refusal(told.error()));
  link::TellAttributes tell{visit->caller,
                            visit->request.method == "PUT" ? How::replace : How::merge};
  for (auto& each : *told)
    tell.attributes.emplace_back(std::move(each.name), std::move(each.value));
  questions_.ask(std::move(tell), [visit = std::move(visit)](const Result<link::Reply>& reply) {
    visit->respond(reply ? Response{.status = 200} : refusal(reply.error()));
  });
}

void Mender::next(Visitor visit) {
  auto provides = wire::parse_mender_next(visit->request.body);
  if (!provides) return visit->respond(refusal(provides.error()));
  auto origin = origin_of(visit->request);
  if (!origin)
    return visit->respond(plain(400, "the Host header must be a host and perhaps a port"));
  link::GetAction ask{visit->caller, link::GetAction::Why::idle};
  questions_.ask(std::move(ask), [this, visit = std::move(visit), provides = std::move(*provides),
                                  origin = std::move(*origin)](const Result<link::Reply>& reply) {
    if (!reply) return visit->respond(refusal(reply.error()));
    const auto& now = std::get<link::ActionNow>(*reply);
    if (now.need != link::ActionNow::Need::install) return visit->respond({.status = 204});
    visit->respond(json(wire::mender_deployment_text(
        {.action = now.action->number,
         .artifact_name = now.action->file.version,
         .device_type = provides.device_type,
         .uri = origin + "/artifacts/sha256/" + now.action->file.sha256,
         .expire = clock_.now() + link_life,
         .control_map = provides.control_map})));
  });
}

void Mender::report(Visitor visit) {
  auto told = wire::parse_mender_report(visit->request.body);
  if (!told) return visit->respond(refusal(told.error()));
  std::string words = wire::name_of(told->status);
  if (!told->substate.empty()) words += ": " + told->substate;
  link::ActionWord word{visit->caller, visit->place.number, kind_of(told->status),
                        std::move(words)};
  say(std::move(visit), std::move(word));
}

void Mender::keep_log(Visitor visit) {
  auto log = wire::parse_mender_log(visit->request.body);
  if (!log) return visit->respond(refusal(log.error()));
  link::ActionLog keep{visit->caller, visit->place.number, std::move(*log)};
  say(std::move(visit), std::move(keep));
}

void Mender::say(Visitor visit, link::Request said) {
  questions_.ask(std::move(said), [visit = std::move(visit)](Result<link::Reply> reply) {
    if (!reply) return visit->respond(refusal(reply.error()));
    visit->respond(response_to(std::get<link::ActionHeard>(*reply)));
  });
}

// A client takes 404 for leave to go on: whoever asks about an action that is not open is told to
// go back.
void Mender::control_map(Visitor visit) {
  link::GetAction ask{visit->caller, link::GetAction::Why::look};
  questions_.ask(std::move(ask), [visit = std::move(visit)](const Result<link::Reply>& reply) {
    if (!reply) return visit->respond(refusal(reply.error()));
    const auto& now = std::get<link::ActionNow>(*reply);
    const std::uint64_t number = visit->place.number;
    auto commit = wire::Commit::fail;
    if (now.action && now.action->number == number) {
      if (now.hold == link::ActionNow::Hold::go_on) commit = wire::Commit::go_on;
      if (now.hold == link::ActionNow::Hold::pause) commit = wire::Commit::pause;
    }
    visit->respond(json(wire::mender_control_map_text(number, commit)));
  });
}

}  // namespace muster::gateway
