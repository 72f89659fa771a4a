#include "api/internal/door.h"

#include <utility>

#include "api/internal/problem.h"
#include "api/internal/spelling.h"
#include "api/internal/views.h"
#include "crypto/hash.h"

namespace muster::api {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using net::http::Response;
using wire::Json;

constexpr std::uint64_t strangers_body = 4 << 10, small_body = 256 << 10,
                        manifest_body = 96ULL << 20;

bool is_upload(const Head& head) {
  return head.method == "POST" && head.path == "/api/v1/artifacts";
}
bool is_api(const std::string& path) {
  return path.starts_with("/api/") || path.starts_with("/ledger/");
}

Response response_of(Reply reply) {
  Response response;
  if (!reply.content_type.empty())
    response = {.headers = {{"Content-Type", reply.content_type}}, .body = std::move(reply.text)};
  else if (!reply.body.is_null())
    response = json_response(reply.status, wire::to_text(reply.body));
  response.status = reply.status;
  for (auto& header : reply.headers) response.headers.push_back(std::move(header));
  return response;
}

bool may(const std::optional<Operator>& found, Role role) {
  return found && static_cast<int>(found->role) >= static_cast<int>(role);
}

void answer(Result<Reply> reply, Respond respond) {
  respond(reply ? response_of(std::move(*reply)) : problem(reply.error()));
}

}  // namespace

Service::Service(const Settings& settings, desk::Desk& desk, desk::Telemetry& telemetry,
                 Operators& operators, Repeats repeats, const Clock& clock,
                 std::filesystem::path spool, std::function<std::string()> gateway_metrics)
    : settings_(settings),
      desk_(desk),
      telemetry_(telemetry),
      operators_(operators),
      repeats_(repeats),
      clock_(clock),
      spool_(std::move(spool)),
      gateway_metrics_(std::move(gateway_metrics)),
      router_(all_routes()) {
  desk_.on_news([this](const desk::News& news) {
    if (events_) events_->tell(news);
  });
}

Service::~Service() {
  desk_.on_news({});
}

Service::Caller Service::caller_of(const Head& head) {
  Caller caller;
  if (const auto* header = head.header("Authorization"); header && header->starts_with("Bearer "))
    caller.token = header->substr(7);
  if (const auto* cookies = head.header("Cookie")) caller.cookie = session_of(*cookies);
  return caller;
}

std::expected<net::http::Admission, Response> Service::admit(const Head& head) {
  if (head.method == "GET" || head.method == "HEAD" || head.method == "DELETE")
    return net::http::Admission{.body_max = strangers_body};
  const Caller caller = caller_of(head);
  const auto role = token_roles_.find(std::string(text_of(crypto::sha256(bytes_of(caller.token)))));
  const bool known = role != token_roles_.end() && role->second != Role::viewer;
  if (is_upload(head)) {
    if (!known) {
      note_refused_upload(head);
      return std::unexpected(problem(
          {role == token_roles_.end() ? Fault::unauthorized : Fault::forbidden,
           "uploading an artifact needs a token of the role operator or admin", "Authorization"}));
    }
    return net::http::Admission{
        .body_max = settings_.artifact_max, .spool_to = spool_, .stranger = false};
  }
  if (role == token_roles_.end())  // a cookie is looked at later; until then it may hold little
    return net::http::Admission{.body_max = caller.cookie.empty() ? strangers_body : small_body};
  const bool lists = head.path == "/api/v1/manifests" || head.path == "/api/v1/vouchers" ||
                     head.path == "/api/v1/repository" || head.path == "/api/v1/sboms" ||
                     head.path == "/api/v1/advisories";
  return net::http::Admission{.body_max = known && lists ? manifest_body : small_body,
                              .stranger = false};
}

void Service::note_refused_upload(const Head& head) {
  desk_.tell("a refused upload", [this, head](desk::Domain& domain) -> Result<void> {
    const auto found = who(caller_of(head));
    if (!may(found, Role::operator_)) record_refusal(domain, found, head);
    return {};
  });
}

const Service::Special Service::specials[] = {
    {"GET", "/healthz", &Service::healthy},
    {"GET", "/readyz", &Service::ready},
    {"GET", "/metrics", &Service::metrics},
    {"GET", "/api/v1/openapi.json", &Service::openapi},
    {"GET", "/api/v1/events", &Service::events},
    {"POST", "/api/v1/session", &Service::open_session},
    {"DELETE", "/api/v1/session", &Service::end_session},
};

void Service::serve(Request request, Respond respond) {
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (auto own = from_console(request); !own)
    return refuse(request, std::move(own.error()), std::move(respond));
  auto found = router_.find(request.method, request.path);
  if (found.route) return route(std::move(found), std::move(request), std::move(respond));
  for (const Special& special : specials) {
    if (request.path != special.path) continue;
    if (request.method == special.method || (read && special.method == std::string_view("GET")))
      return (this->*special.serve)(std::move(request), std::move(respond));
    found.allowed += (found.allowed.empty() ? "" : ", ") + std::string(special.method);
  }
  if (!found.allowed.empty()) {
    auto response =
        problem({Fault::invalid, "this takes " + found.allowed + ", not " + request.method, ""});
    response.status = 405;
    response.headers.emplace_back("Allow", found.allowed);
    return respond(std::move(response));
  }
  if (read && request.path.starts_with("/tuf/"))
    return repository(std::move(request), std::move(respond));
  if (is_api(request.path))
    return respond(problem({Fault::missing,
                            "there is no " + request.path.substr(0, 128) +
                                "; /api/v1/openapi.json describes what there is",
                            ""}));
  page(std::move(request), std::move(respond));
}

// --- who asks ---

std::optional<Operator> Service::who(const Caller& caller) const {
  if (!caller.token.empty()) return operators_.by_token(caller.token);
  if (!caller.cookie.empty()) return operators_.by_session(caller.cookie);
  return std::nullopt;
}

Result<Operator> Service::permitted(desk::Domain& domain, Role role, const Head& head) {
  const Caller caller = caller_of(head);
  auto found = who(caller);
  if (may(found, role)) return std::move(*found);
  record_refusal(domain, found, head);
  if (!found)
    return fail(Fault::unauthorized,
                "send Authorization: Bearer <token>; `muster login-link` opens the console");
  return fail(Fault::forbidden, "this needs the role " + std::string(name_of(role)) + "; " +
                                    found->name + " is " + name_of(found->role) + " (" +
                                    head.method + " " + head.path + ")");
}

// --- routes ---

void Service::route(Router::Found found, Request request, Respond respond) {
  Json body;
  if (!request.body.empty() && !is_upload(request)) {
    auto parsed = wire::parse_json(request.body, {.bytes = manifest_body});
    if (!parsed)
      return respond(problem({Fault::invalid, "the body is not JSON: " + parsed.error().message,
                              parsed.error().field}));
    body = std::move(*parsed);
  }
  desk_.ask<Outcome>(
      [this, route = found.route, path = std::move(found.path), request = std::move(request),
       body = std::move(body)](desk::Domain& domain) mutable {
        return run(*route, std::move(path), request, body, domain);
      },
      [respond = std::move(respond)](Result<Outcome> outcome) mutable {
        if (!outcome) return respond(problem(outcome.error()));
        if (!outcome->later) return answer(std::move(outcome->reply), std::move(respond));
        outcome->later([respond = std::move(respond)](Result<Reply> reply) mutable {
          answer(std::move(reply), std::move(respond));
        });
      });
}

Result<Service::Outcome> Service::run(const Route& route, std::vector<std::string> path,
                                      const Request& request, const Json& body,
                                      desk::Domain& domain) {
  const bool open = settings_.ledger_public && request.path.starts_with("/ledger/");
  Result<Operator> caller =
      open ? Operator{"anybody", Role::viewer} : permitted(domain, route.role, request);
  if (!caller) return std::unexpected(caller.error());
  Context context{domain, telemetry_,      operators_,         clock_,     request,
                  body,   std::move(path), std::move(*caller), public_url_};
  if (!route.dry_runs && request.parameter("dry_run"))
    return fail(Fault::invalid, "this cannot be tried out; leave it away", "?dry_run");
  TRY(const bool dry_run, context.dry_run());
  const bool once = route.method == std::string_view("POST") && !dry_run;
  const auto* key = once ? request.header("Idempotency-Key") : nullptr;
  if (key) {
    TRY(auto before, repeats_.find(context, *key));
    if (before) return Outcome{std::move(*before)};
  }
  if (route.later) {
    TRY(auto later, route.later(context));
    return Outcome{{}, std::move(later)};
  }
  TRY(auto reply, route.run(context));
  if (key) repeats_.keep(context, *key, route, reply);
  return Outcome{std::move(reply)};
}

}  // namespace muster::api
