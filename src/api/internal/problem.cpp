#include "api/internal/problem.h"

#include "wire/json.h"

namespace muster::api {
namespace {

int status_of(const Error& error) {
  if (error.fault == Fault::corrupt) return 422;  // what was sent, not what we hold
  if (error.fault != Fault::conflict || error.field != "If-Match")
    return net::http::status_of(error.fault);
  return error.message.starts_with("send ") ? 428 : 412;
}

const char* title_of(const Error& error) {
  switch (error.fault) {
    case Fault::invalid:
      return "The request is not valid";
    case Fault::unauthorized:
      return "Who are you?";
    case Fault::forbidden:
      return "You may not do that";
    case Fault::missing:
      return "There is no such thing";
    case Fault::conflict:
      return status_of(error) == 428 ? "Say what you have read"
                                     : "The state of the thing does not allow it now";
    case Fault::exhausted:
      return "A limit is used up";
    case Fault::unavailable:
      return "Not available right now";
    case Fault::corrupt:
      return "The content does not pass its check";
    case Fault::internal:
      break;
  }
  return "A bug of ours";
}

}  // namespace

net::http::Response json_response(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

net::http::Response problem(const Error& error) {
  const int status = status_of(error);
  auto body = wire::Json::object({{"type", std::string("/problems/") + name_of(error.fault)},
                                  {"title", title_of(error)},
                                  {"status", status},
                                  {"detail", error.message}});
  if (!error.field.empty()) body.set("field", error.field);
  auto response = json_response(status, wire::to_text(body));
  response.headers[0].second = "application/problem+json";
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"muster\"");
  if (status == 503 || status == 429) response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace muster::api
