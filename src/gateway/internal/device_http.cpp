#include "gateway/internal/device_http.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "crypto/hash.h"
#include "gateway/internal/attest.h"
#include "gateway/internal/codings.h"
#include "gateway/internal/reply.h"
#include "wire/sanitisation.h"

namespace muster::gateway {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using net::http::Response;

constexpr std::size_t report_max = 64 << 10;
constexpr std::string_view artifacts = "/artifacts/sha256/";
constexpr std::string_view devices = "/v1/devices/";
constexpr std::string_view repository = "/tuf/metadata/";

struct Place {         // where a path leads
  std::string device;  // as named in the path; empty for an artifact and for the repository
  std::string what;    // what follows it in the path; or the artifact's digest
  bool of_repository = false;
};

std::optional<Place> place_of(std::string_view path) {
  if (path.starts_with(artifacts)) return Place{"", std::string(path.substr(artifacts.size()))};
  if (path.starts_with(repository))
    return Place{"", std::string(path.substr(repository.size())), true};
  if (!path.starts_with(devices)) return std::nullopt;
  path.remove_prefix(devices.size());
  auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return Place{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

// The smallest form that the client takes is sent; a range is one of that form (RFC 9110 section
// 14).
link::Fetch fetch(const DeviceId& device, const std::string& sha256, const Request& request) {
  link::Fetch ask{device, sha256};
  const auto* codings = request.header("Accept-Encoding");
  const auto* dictionary = request.header("Available-Dictionary");
  ask.zstd = codings && accepts(*codings, "zstd");
  if (codings && dictionary && accepts(*codings, "dcz"))
    ask.dictionary = dictionary_of(*dictionary);
  return ask;
}

// What is asked of the controller for a place, once we know who asks.
Result<link::Request> question(const Place& place, const DeviceId& device, Request& request) {
  bool read = request.method == "GET" || request.method == "HEAD";
  if (place.of_repository && read) return link::GetRepositoryFile{place.what};
  if (place.device.empty() && read) return fetch(device, place.what, request);
  if (place.device != device.text())
    return fail(Fault::forbidden, "a device may use its own path only");
  if (place.what == "updates" && read) return link::GetUpdate{device};
  if (place.what == "desired" && read) return link::GetDesired{device};
  if (place.what == "results" && request.method == "POST")
    return link::Report{device, std::move(request.body)};
  if (place.what == "state" && request.method == "POST")
    return link::State{device, std::move(request.body)};
  if (place.what == "attestation" && read) return link::GetEvidenceAsk{device};
  if (place.what == "attestation" && request.method == "POST") {
    TRY(auto boot, wire::parse_boot_evidence(request.body));
    return link::ShowBoot{device, evidence_of(std::move(boot))};
  }
  if (place.what == "retirement" && read) return link::GetWipeOrder{device};
  if (place.what == "retirement/refusal" && request.method == "POST") {
    TRY(auto refusal, wire::parse_order_refusal(request.body));
    return link::OrderRefused{device, std::move(refusal.why)};
  }
  return fail(Fault::missing,
              "here are GET updates, desired, attestation and retirement, POST results, state, "
              "attestation, retirement and retirement/refusal, and GET "
              "/artifacts/sha256/{digest} and /tuf/metadata/{name}");
}

// Whether its certificate still counts is the controller's to say, with the statement in hand.
Result<link::Request> statement(const Place& place, Request& request) {
  TRY(auto device, DeviceId::parse(place.device));
  TRY(auto brought, wire::parse_signed_statement(request.body));
  return link::Sanitised{.device = std::move(device),
                         .certificate = std::move(*request.peer_certificate),
                         .statement = std::move(brought.statement),
                         .signature = std::move(brought.signature)};
}

Response response_to(link::Reply reply, const std::string& what) {
  if (auto* text = std::get_if<std::string>(&reply)) return json(std::move(*text));
  if (auto* file = std::get_if<link::File>(&reply)) return download(std::move(*file), what);
  return {.status = 204};
}

// A file that the client has already is not sent (RFC 9110 section 13.1.2).
Respond unless_known(std::string known, Respond respond) {
  return [known = std::move(known), respond = std::move(respond)](Response response) mutable {
    const auto tag = std::ranges::find(response.headers, "ETag", &net::http::Header::first);
    if (response.file && tag != response.headers.end() && lists(known, tag->second)) {
      response.file.reset();
      response.status = 304;
    }
    respond(std::move(response));
  };
}

}  // namespace

DeviceHttp::DeviceHttp(const Settings& settings, Questions& questions, Tally& tally,
                       const Clock& clock)
    : questions_(questions),
      tally_(tally),
      ddi_(settings, questions, tally),
      mender_(questions, clock) {}

std::expected<net::http::Admission, Response> DeviceHttp::admit(const Head& head) {
  if (Ddi::has(head.path)) return Ddi::admit(head);
  if (Mender::has(head.path)) return Mender::admit(head);
  const std::size_t most = head.path.ends_with("/attestation")  ? wire::attestation_bytes_max
                           : head.path.ends_with("/retirement") ? wire::sanitisation_bytes_max
                                                                : report_max;
  if (head.content_length > most)
    return std::unexpected(plain(413, "this may have at most " + std::to_string(most) + " octets"));
  return net::http::Admission{.body_max = head.method == "POST" ? most : 0};
}

void DeviceHttp::serve(Request request, Respond respond) {
  if (Ddi::has(request.path)) return ddi_.serve(std::move(request), std::move(respond));
  if (Mender::has(request.path)) return mender_.serve(std::move(request), std::move(respond));
  auto place = place_of(request.path);
  if (!place) return respond(plain(404, "no such path; see /v1/devices/{id}/updates"));
  if (!request.peer_certificate) return respond(plain(401, "this door needs a device certificate"));
  if (place->what == "retirement" && request.method == "POST") {
    auto brought = statement(*place, request);
    if (!brought) return respond(refusal(brought.error()));
    return ask(std::move(*brought), std::move(place->what), std::move(respond));
  }
  link::Hello hello{crypto::sha256(*request.peer_certificate), request.peer_address};
  questions_.ask(std::move(hello),
                 [this, place = std::move(*place), request = std::move(request),
                  respond = std::move(respond)](const Result<link::Reply>& reply) mutable {
                   if (!reply) return respond(refusal(reply.error()));
                   const auto& grant = std::get<link::Grant>(*reply);
                   if (!grant.application.empty())
                     return respond(plain(403, "this door is for devices"));
                   auto wanted = question(place, grant.device, request);
                   if (!wanted) return respond(refusal(wanted.error()));
                   if (const auto* known = request.header("If-None-Match"))
                     respond = unless_known(*known, std::move(respond));
                   ask(std::move(*wanted), std::move(place.what), std::move(respond));
                 });
}

void DeviceHttp::ask(link::Request request, std::string what, Respond respond) {
  const bool download = std::holds_alternative<link::Fetch>(request);
  questions_.ask(std::move(request),
                 [this, download, what = std::move(what),
                  respond = std::move(respond)](Result<link::Reply> reply) mutable {
                   if (!reply) return respond(refusal(reply.error()));
                   if (download) count(tally_.downloads);
                   respond(response_to(std::move(*reply), what));
                 });
}

}  // namespace muster::gateway
