// The requests that are not routes: sessions, the event stream, health and metrics.
#include <charconv>

#include "api/internal/door.h"
#include "api/internal/embedded.h"
#include "api/internal/metrics.h"
#include "api/internal/problem.h"
#include "api/internal/spelling.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using net::http::Request;
using net::http::Respond;
using net::http::Response;
using wire::Json;

std::string cookie_header(const std::string& value, int seconds) {
  return std::string(session_cookie) + value + "; Path=/; Max-Age=" + std::to_string(seconds) +
         "; HttpOnly; Secure; SameSite=Strict";
}

}  // namespace

std::string openapi_text() {
  return std::string(content_of(muster_openapi_files[0]));
}

void Service::healthy(Request, Respond respond) {
  respond({.headers = {{"Content-Type", "text/plain"}}, .body = "ok\n"});
}

void Service::openapi(Request, Respond respond) {
  respond(json_response(200, openapi_text()));
}

void Service::page(Request request, Respond respond) {
  if (request.method != "GET" && request.method != "HEAD")
    return respond(problem({Fault::missing, "nothing here takes " + request.method, ""}));
  if (auto file = console_.find(request)) return respond(std::move(*file));
  respond(problem(
      {Fault::missing,
       console_.empty() ? "this build has no console; the API is under /api/v1" : "no such page",
       ""}));
}

void Service::open_session(Request request, Respond respond) {
  auto body = wire::parse_json(request.body);
  if (!body)
    return respond(problem({Fault::invalid, "the body is not JSON: " + body.error().message, ""}));
  wire::ObjectReader in(*body);
  std::string link = in.text("link", 128);
  if (auto done = in.done(); !done) return respond(problem(done.error()));
  desk_.ask<std::pair<Operator, std::string>>(
      [this, link = std::move(link)](desk::Domain&) { return operators_.redeem(link); },
      [respond = std::move(respond)](Result<std::pair<Operator, std::string>> session) mutable {
        if (!session) return respond(problem(session.error()));
        auto response = json_response(
            201, wire::to_text(Json::object(
                     {{"name", session->first.name}, {"role", name_of(session->first.role)}})));
        response.headers.emplace_back("Set-Cookie", cookie_header(session->second, 12 * 3600));
        respond(std::move(response));
      });
}

void Service::end_session(Request request, Respond respond) {
  desk_.ask<void>(
      [this, cookie = caller_of(request).cookie](desk::Domain&) -> Result<void> {
        if (operators_.by_session(cookie)) operators_.end_session(cookie);
        return {};
      },
      [respond = std::move(respond)](Result<void> done) mutable {
        if (!done) return respond(problem(done.error()));
        respond({.status = 204, .headers = {{"Set-Cookie", cookie_header("", 0)}}});
      });
}

void Service::events(Request request, Respond respond) {
  std::optional<std::uint64_t> last;
  if (const auto* id = request.header("Last-Event-ID")) {
    std::uint64_t index = 0;
    auto [end, ec] = std::from_chars(id->data(), id->data() + id->size(), index);
    if (ec != std::errc() || end != id->data() + id->size())
      return respond(
          problem({Fault::invalid, "must be the id of an event of this stream", "Last-Event-ID"}));
    last = index;
  }
  desk_.ask<void>(
      [this, request](desk::Domain& domain) -> Result<void> {
        TRY_VOID(permitted(domain, Role::viewer, request));
        if (!events_) events_ = std::make_unique<Events>(domain, telemetry_);
        return {};
      },
      [this, last, caller = caller_of(request),
       respond = std::move(respond)](Result<void> may) mutable {
        if (!may) return respond(problem(may.error()));
        auto join = [this, last, caller](std::shared_ptr<net::http::EventChannel> channel) {
          desk_.ask<void>(
              [this, last, caller, channel](desk::Domain&) {
                return events_->join(channel, last,
                                     [this, caller] { return who(caller).has_value(); });
              },
              [this, channel](Result<void> joined) {
                if (joined) events_->greet(*channel);  // else the stream ends with its channel
              });
        };
        respond({.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
                 .events = join});
      });
}

void Service::ready(Request, Respond respond) {
  desk_.ask<void>([](desk::Domain&) -> Result<void> { return {}; },
                  [respond = std::move(respond)](Result<void> here) mutable {
                    if (!here) return respond(problem(here.error()));
                    respond({.headers = {{"Content-Type", "text/plain"}}, .body = "ready\n"});
                  });
}

void Service::metrics(Request, Respond respond) {
  desk_.ask<std::string>(
      [this](desk::Domain& domain) -> Result<std::string> {
        return metrics_text(domain, telemetry_, desk_.load());
      },
      [this, respond = std::move(respond)](Result<std::string> text) mutable {
        if (!text) return respond(problem(text.error()));
        respond({.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                 .body = *text + gateway_metrics_()});
      });
}

}  // namespace muster::api
