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

net::http::Response json(std::string text) {
  return {.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(text)};
}

net::http::Response download(link::File file, const std::string& sha256) {
  net::http::Response response{
      .headers = {{"Content-Type", "application/octet-stream"},
                  {"ETag", file.tag.empty() ? '"' + sha256 + '"' : std::move(file.tag)},
                  {"Cache-Control", "private, immutable, max-age=31536000"},
                  {"Vary", "Accept-Encoding, Available-Dictionary"}},
      .file = net::http::Response::File{std::move(file.path), file.size}};
  if (!file.coding.empty())
    response.headers.emplace_back("Content-Encoding", std::move(file.coding));
  return response;
}

}  // namespace muster::gateway
