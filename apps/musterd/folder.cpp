#include "musterd/folder.h"

#include <functional>
#include <future>

#include "base/file.h"
#include "base/private_folder.h"
#include "crypto/certificate_file.h"
#include "musterd/names.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using crypto::Algorithm;
using crypto::Certificate;
using crypto::FileKey;

// An answer of the signer, waited for: before the doors are open nobody else waits.
template <class T>
Result<T> awaited(const std::function<void(signer::Issuer::Answer<T>)>& ask) {
  std::promise<Result<T>> told;
  auto answer = told.get_future();
  ask([&told](Result<T> result) { told.set_value(std::move(result)); });
  return answer.get();
}

// The doors' certificate: the one there is, unless it is due.
Result<Certificate> server_certificate(const fs::path& path, const desk::ServerTerms& terms,
                                       const FileKey& server, signer::Issuer& signer,
                                       const Certificate& issuer, const Clock& clock,
                                       Random& random) {
  if (fs::exists(path / "server.pem")) {
    TRY(auto current, crypto::read_certificate(path / "server.pem"));
    const bool ours = current.key.fingerprint() == server.public_key().fingerprint();
    if (ours && !desk::renewal_due(current, terms, issuer, clock.now())) return current;
  }
  return new_server_certificate(terms, server.public_key(), signer, issuer, clock, random);
}

}  // namespace

Result<Keys> Folder::prepare(const Config& config) {
  const fs::path& path = config.data;
  TRY_VOID(make_private_folder(path));
  TRY_VOID(make_private_folder(path / "keys"));
  if (!fs::exists(path / "ledger.vkey")) return Keys::open(config);  // its first start is not over
  std::vector<std::string> all = {"muster.db"};
  if (config.ledger_key.empty()) all.push_back("keys/ledger.key");
  if (config.release_key.empty()) all.push_back("keys/release.key");
  for (const std::string& vital : all)
    if (!fs::exists(path / vital))
      return fail(Fault::corrupt, (path / vital).string() +
                                      " is missing, and nothing can take its place: restore the "
                                      "folder from a backup, or begin a new one");
  return Keys::open(config);
}

std::string pem_of(const std::vector<Certificate>& certificates) {
  std::string out;
  for (const auto& each : certificates) out += crypto::certificate_pem(each.der);
  return out;
}

Result<Certificate> new_server_certificate(const desk::ServerTerms& terms,
                                           const crypto::PublicKey& key, signer::Issuer& signer,
                                           const Certificate& issuer, const Clock& clock,
                                           Random& random) {
  const auto order =
      desk::server_order(terms, key, issuer, crypto::random_serial(random), clock.now());
  TRY(auto der, awaited<Bytes>([&](auto answer) { signer.issue(order, std::move(answer)); }));
  return crypto::parse_certificate(der);
}

Result<std::string> write_certificates(const fs::path& path, const Certificate& server,
                                       const identity::Trusted& trusted) {
  const std::string chain = crypto::certificate_pem(server.der) + pem_of(trusted.shown());
  TRY_VOID(write_file(path / "ca.pem", pem_of(trusted.roots())));
  TRY_VOID(write_file(path / "issuing.pem", pem_of({trusted.current.issuing})));
  TRY_VOID(write_file(path / "server.pem", chain));
  return chain;
}

Result<Folder> Folder::open(const Config& config, const Keys& keys, signer::Issuer& signer,
                            const Clock& clock, Random& random) {
  const fs::path& path = config.data;
  const desk::ServerTerms terms = server_terms(config);
  TRY(auto server, FileKey::load_or_make(path / "keys/server.key", Algorithm::ecdsa_p256));
  TRY(const auto authorities,
      awaited<signer::Authorities>([&](auto answer) { signer.authorities(std::move(answer)); }));
  auto trusted = identity::trusted_of(authorities);
  TRY(const auto own,
      server_certificate(path, terms, server, signer, trusted.current.issuing, clock, random));
  TRY(auto chain, write_certificates(path, own, trusted));
  TRY_VOID(write_file(path / "release.pub", keys.release->public_key().pem()));
  std::string server_key = server.private_pem();
  std::string origin = "muster/" + to_hex(keys.ledger->public_key().fingerprint()).substr(0, 16);
  return Folder{.path = path,
                .trusted = std::move(trusted),
                .device_life_max = authorities.device_life_max,
                .server_key_pem = std::move(server_key),
                .server_chain_pem = std::move(chain),
                .log_origin = std::move(origin)};
}

}  // namespace muster
