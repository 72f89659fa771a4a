#include "agent/internal/answers.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace muster::agent {
namespace {

constexpr Duration again_by_default = 10s, again_max = 1h;

std::string first_line(const std::string& body) {
  std::string line = body.substr(0, std::min<std::size_t>(body.find('\n'), 256));
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20; }, ' ');
  return line;
}

Fault fault_of(int status) {
  if (status == 401) return Fault::unauthorized;
  if (status == 403) return Fault::forbidden;
  if (status == 404) return Fault::missing;
  if (status == 409) return Fault::conflict;
  return status >= 500 ? Fault::unavailable : Fault::invalid;
}

}  // namespace

bool is_later(const net::http::Answer& answer) {
  return answer.status == 202 || answer.status == 429 || answer.status == 503;
}

// Retry-After in seconds (RFC 9110 10.2.3); a date, which needs a clock that agrees, is not read.
Duration retry_after(const net::http::Answer& answer) {
  const std::string* header = answer.header("Retry-After");
  long seconds = 0;
  if (!header) return again_by_default;
  const auto read = std::from_chars(header->data(), header->data() + header->size(), seconds);
  if (read.ec != std::errc() || read.ptr != header->data() + header->size() || seconds < 0)
    return again_by_default;
  return std::min<Duration>(std::chrono::seconds(std::min(seconds, 3600L)), again_max);
}

std::unexpected<Error> refused(const net::http::Answer& answer) {
  return fail(fault_of(answer.status),
              std::to_string(answer.status) + " " + first_line(answer.body));
}

}  // namespace muster::agent
