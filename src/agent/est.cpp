#include "agent/est.h"

#include "agent/internal/answers.h"
#include "crypto/cms.h"

namespace muster::agent {
namespace {

constexpr std::size_t answer_max = 128 * 1024;

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
  if (answer.status != 200) co_return refused(answer);
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
  if (is_later(answer)) co_return EstAnswer{.certificate = {}, .again_in = retry_after(answer)};
  if (answer.status != 200) co_return refused(answer);
  CO_TRY(auto certificates, certificates_of(answer));
  if (certificates.size() != 1)
    co_return fail(Fault::invalid, "the answer holds " + std::to_string(certificates.size()) +
                                       " certificates instead of one");
  co_return EstAnswer{.certificate = std::move(certificates.front())};
}

}  // namespace muster::agent
