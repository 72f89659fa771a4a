// What the door refuses beside the routes' own reasons, and what the ledger says of it.
#include <strings.h>

#include <utility>

#include "api/internal/door.h"
#include "api/internal/problem.h"

namespace muster::api {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using wire::Json;

// The page is of the server that it names itself by (RFC 6454 section 6.1). TLS has shown that the
// name is ours.
bool is_own_origin(const std::string& origin, const Head& head) {
  const auto* host = head.header("Host");
  return host && strcasecmp(origin.c_str(), ("https://" + *host).c_str()) == 0;
}

bool is_type(const Head& head, std::string_view wanted) {
  const auto* type = head.header("Content-Type");
  if (!type) return false;
  std::string_view name = std::string_view(*type).substr(0, type->find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  return name.size() == wanted.size() && strncasecmp(name.data(), wanted.data(), name.size()) == 0;
}

}  // namespace

Result<void> Service::from_console(const Request& request) {
  const Caller caller = caller_of(request);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads || !caller.token.empty()) return {};
  const auto *origin = request.header("Origin"), *site = request.header("Sec-Fetch-Site");
  const bool by_browser = origin || site;
  const bool opens_session = request.method == "POST" && request.path == "/api/v1/session";
  if (caller.cookie.empty() && !(opens_session && by_browser)) return {};
  if (!by_browser || (origin && !is_own_origin(*origin, request)) ||
      (site && *site != "same-origin"))
    return fail(Fault::forbidden,
                "a change by the console's cookie must come from the console: its Origin (or "
                "Sec-Fetch-Site) must be this server; anything else sends Authorization: Bearer",
                origin || !site ? "Origin" : "Sec-Fetch-Site");
  const bool upload = request.path == "/api/v1/artifacts";
  const char* wanted = upload ? "application/octet-stream" : "application/json";
  const bool empty = request.body.empty() && request.spooled.empty();
  if (!empty && !is_type(request, wanted))
    return fail(Fault::forbidden, std::string("a change by the console's cookie must be ") + wanted,
                "Content-Type");
  return {};
}

void Service::refuse(const Head& head, Error why, Respond respond) {
  desk_.ask<void>(
      [this, head](desk::Domain& domain) -> Result<void> {
        record_refusal(domain, who(caller_of(head)), head);
        return {};
      },
      [why = std::move(why), respond = std::move(respond)](const Result<void>& recorded) mutable {
        respond(problem(recorded ? why : recorded.error()));
      });
}

void Service::record_refusal(desk::Domain& domain, const std::optional<Operator>& found,
                             const Head& head) {
  ++refusals_;
  if (clock_.now() - refusal_recorded_ < 1s) return;  // one entry a second, counting those before
  refusal_recorded_ = clock_.now();
  domain.ledger.record(
      {.actor = {found ? "operator:" + found->name : "peer:" + head.peer_address,
                 found ? name_of(found->role) : "none"},
       .action = "operator.refused",
       .target = "api" + head.path.substr(0, 256),
       .detail = Json::object({{"method", head.method}, {"times", std::exchange(refusals_, 0)}})});
}

}  // namespace muster::api
