#include "agent/est.h"

#include <algorithm>
#include <charconv>

#include "crypto/cms.h"

namespace muster::agent {
namespace {

constexpr Duration again_by_default = 10s, again_max = 1h;
constexpr std::size_t answer_max = 128 * 1024;

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

Result<std::vector<crypto::Certificate>> certificates_of(const net::http::Answer& answer) {
  TRY(const auto der, from_base64(answer.body));
  return crypto::parse_certs_only(der);
}

net::http::Call post(const char* operation, const Bytes& csr) {
  return {
      .method = "POST",
      .target = std::string("/.well-known/est/") + operation,
      .headers = {{"Content-Type", "application/pkcs10"}, {"Content-Transfer-Encoding", "base64"}},
      .body = to_base64(csr),
      .body_max = answer_max};
}

}  // namespace

EstClient::EstClient(net::Loop& loop, std::string host, std::uint16_t port, net::TlsContext& tls)
    : client_(loop, std::move(host), port, &tls) {}

net::Task<Result<std::vector<crypto::Certificate>>> EstClient::authorities() {
  CO_TRY(const auto answer,
         co_await client_.call({.target = "/.well-known/est/cacerts", .body_max = answer_max}));
  if (answer.status != 200)
    co_return fail(fault_of(answer.status),
                   "cacerts: " + std::to_string(answer.status) + " " + first_line(answer.body));
  co_return certificates_of(answer);
}

net::Task<Result<EstAnswer>> EstClient::enrol(std::string id, std::string token, Bytes csr) {
  auto call = post("simpleenroll", csr);
  call.headers.emplace_back("Authorization", "Basic " + to_base64(bytes_of(id + ':' + token)));
  return ask(std::move(call));
}

net::Task<Result<EstAnswer>> EstClient::enrol(Bytes csr) {
  return ask(post("simpleenroll", csr));
}

net::Task<Result<EstAnswer>> EstClient::renew(Bytes csr) {
  return ask(post("simplereenroll", csr));
}

net::Task<Result<EstAnswer>> EstClient::ask(net::http::Call call) {
  CO_TRY(const auto answer, co_await client_.call(std::move(call)));
  if (answer.status == 202 || answer.status == 429 || answer.status == 503)
    co_return EstAnswer{.certificate = {}, .again_in = retry_after(answer)};
  if (answer.status != 200)
    co_return fail(fault_of(answer.status),
                   std::to_string(answer.status) + " " + first_line(answer.body));
  CO_TRY(auto certificates, certificates_of(answer));
  if (certificates.size() != 1)
    co_return fail(Fault::invalid, "the answer holds " + std::to_string(certificates.size()) +
                                       " certificates instead of one");
  co_return EstAnswer{.certificate = std::move(certificates.front())};
}

}  // namespace muster::agent
