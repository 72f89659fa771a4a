#include <cstdio>
#include <fstream>

#include "crypto/cms.h"
#include "crypto/csr.h"
#include "load/identities.h"
#include "load/modes.h"
#include "net/http.h"
#include "net/task.h"

namespace muster::load {
namespace {

struct Candidate {
  std::string name, authorization, key_pem, request;  // the request in base64
};

Result<std::vector<Candidate>> candidates(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<Candidate> all;
  for (std::string name, token; in >> name >> token;) {
    TRY(auto key, crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    TRY(auto csr, crypto::make_csr(key, name));
    all.push_back({name, "Basic " + to_base64(bytes_of(name + ':' + token)), key.private_pem(),
                   to_base64(csr)});
  }
  if (all.empty()) return fail(Fault::missing, file.string() + " holds no tokens");
  return all;
}

struct Crowd {
  net::Loop loop;
  std::uint16_t port = 0;
  std::vector<Candidate> candidates;
  std::size_t next = 0, enrolled = 0, refused = 0;
  std::string identities;
};

Result<std::string> certificate_in(const net::http::Answer& answer) {
  if (answer.status != 200)
    return fail(Fault::forbidden, std::to_string(answer.status) + ' ' + answer.body);
  TRY(auto der, from_base64(answer.body));
  TRY(auto certificates, crypto::parse_certs_only(der));
  return crypto::certificate_pem(certificates.front().der);
}

// One after the other, each on a connection of its own, as new devices come.
net::Task<void> one_line_of(Crowd* crowd, net::TlsContext* tls) {
  while (crowd->next < crowd->candidates.size()) {
    const Candidate& who = crowd->candidates[crowd->next++];
    net::http::Client client(crowd->loop, "127.0.0.1", crowd->port, tls);
    net::http::Call call{
        .method = "POST", .target = "/.well-known/est/simpleenroll", .body = who.request};
    call.headers.emplace_back("Authorization", who.authorization);
    call.headers.emplace_back("Content-Type", "application/pkcs10");
    auto answer = co_await client.call(std::move(call));
    auto certificate =
        answer ? certificate_in(*answer) : Result<std::string>(std::unexpected(answer.error()));
    if (certificate) {
      ++crowd->enrolled;
      crowd->identities += identity_text(who.name, who.key_pem, *certificate);
    } else if (crowd->refused++ == 0) {
      std::fprintf(stderr, "%s: %s\n", who.name.c_str(), certificate.error().message.c_str());
    }
  }
}

net::Task<void> all_of(Crowd* crowd, net::TlsContext* tls, std::size_t parallel) {
  net::Scope scope;
  for (std::size_t i = 0; i < parallel; ++i) scope.spawn(one_line_of(crowd, tls));
  co_await scope.join();
}

}  // namespace

Result<void> enrol(const Settings& settings) {
  Crowd crowd;
  crowd.port = settings.port;
  TRY(crowd.candidates, candidates(settings.tokens));
  std::ifstream anchors(settings.anchors);
  TRY(auto tls, net::TlsContext::client(
                    {.anchors_pem = std::string(std::istreambuf_iterator<char>(anchors), {})}));
  const auto start = monotonic_ns();
  net::run(crowd.loop, all_of(&crowd, &tls, settings.parallel));
  std::printf("{\"enrolled\":%zu,\"refused\":%zu,\"seconds\":%.6f}\n", crowd.enrolled,
              crowd.refused, static_cast<double>(monotonic_ns() - start) / 1e9);
  std::ofstream(settings.identities) << crowd.identities;
  return {};
}

}  // namespace muster::load
