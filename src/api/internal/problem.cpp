#include "api/internal/problem.h"

#include "wire/json.h"

namespace muster::api {
namespace {

struct Shape {
  int status;
  const char* title;
};

Shape shape_of(const Error& error) {
  const bool precondition = error.field == "If-Match";
  switch (error.fault) {
    case Fault::invalid:
      return {400, "The request is not valid"};
    case Fault::unauthorized:
      return {401, "Who are you?"};
    case Fault::forbidden:
      return {403, "You may not do that"};
    case Fault::missing:
      return {404, "There is no such thing"};
    case Fault::conflict:
      if (precondition && error.message.starts_with("send "))
        return {428, "Say what you have read"};
      return {precondition ? 412 : 409, "The state of the thing does not allow it now"};
    case Fault::exhausted:
      return {429, "A limit is used up"};
    case Fault::unavailable:
      return {503, "Not available right now"};
    case Fault::corrupt:
      return {422, "The content does not pass its check"};
    case Fault::internal:
      return {500, "A bug of ours"};
  }
  return {500, "A bug of ours"};
}

}  // namespace

net::http::Response json_response(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

net::http::Response problem(const Error& error) {
  const auto [status, title] = shape_of(error);
  auto body = wire::Json::object({{"type", std::string("/problems/") + name_of(error.fault)},
                                  {"title", title},
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
