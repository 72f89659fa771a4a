#include "gateway/internal/reply.h"

namespace muster::gateway {

int status_of(Fault fault) {
  switch (fault) {
    case Fault::invalid:
      return 400;
    case Fault::unauthorized:
      return 401;
    case Fault::forbidden:
      return 403;
    case Fault::missing:
      return 404;
    case Fault::conflict:
      return 409;
    case Fault::exhausted:
      return 429;
    case Fault::unavailable:
      return 503;
    case Fault::corrupt:
    case Fault::internal:
      return 500;
  }
  return 500;
}

net::http::Response plain(int status, std::string words) {
  words += '\n';
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(words)};
}

net::http::Response refusal(const Error& error) {
  auto response = plain(status_of(error.fault), error.message);
  if (error.fault == Fault::unavailable || error.fault == Fault::exhausted)
    response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace muster::gateway
