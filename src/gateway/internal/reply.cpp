#include "gateway/internal/reply.h"

namespace muster::gateway {

net::http::Response plain(int status, std::string words) {
  words += '\n';
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(words)};
}

net::http::Response refusal(const Error& error) {
  auto response = plain(net::http::status_of(error.fault), error.message);
  if (error.fault == Fault::unavailable || error.fault == Fault::exhausted)
    response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace muster::gateway
