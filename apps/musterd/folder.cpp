#include "musterd/folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <future>

#include "base/file.h"
#include "musterd/names.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using crypto::Algorithm;
using crypto::Certificate;
using crypto::FileKey;

crypto::Serial new_serial(Random& random) {
  crypto::Serial serial;
  random.fill(serial);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
  return serial;
}

Error cannot(const std::string& what, const fs::path& path) {
  return {Fault::unavailable, "cannot " + what + " " + path.string() + ": " + std::strerror(errno),
          ""};
}

Result<void> make_private(const fs::path& path) {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) return fail(Fault::unavailable, "cannot make " + path.string() + ": " + ec.message());
  if (::chmod(path.c_str(), 0700) != 0) return std::unexpected(cannot("protect", path));
  return {};
}

Result<Certificate> read_certificate(const fs::path& path) {
  TRY(auto text, read_text(path));
  TRY(auto found, crypto::parse_certificates_pem(text));
  return found.front();
}

// An answer of the signer, waited for: before the doors are open nobody else waits.
template <class T>
Result<T> awaited(const std::function<void(signer::Issuer::Answer<T>)>& ask) {
  std::promise<Result<T>> told;
  auto answer = told.get_future();
  ask([&told](Result<T> result) { told.set_value(std::move(result)); });
  return answer.get();
}

// The doors' chain: server certificate, then the issuing CA.
Result<std::string> server_chain(const fs::path& path, const desk::ServerTerms& terms,
                                 const FileKey& server, signer::Issuer& signer,
                                 const Certificate& issuer, const Clock& clock, Random& random) {
  if (fs::exists(path / "server.pem")) {
    TRY(auto current, read_certificate(path / "server.pem"));
    const bool ours = current.key.fingerprint() == server.public_key().fingerprint();
    if (ours && !desk::renewal_due(current, terms, issuer, clock.now()))
      return read_text(path / "server.pem");
  }
  return new_server_chain(path, terms, server.public_key(), signer, issuer, clock, random);
}

}  // namespace

Result<Keys> Folder::prepare(const Config& config) {
  const fs::path& path = config.data;
  TRY_VOID(make_private(path));
  TRY_VOID(make_private(path / "keys"));
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

Result<std::string> read_text(const fs::path& path) {
  return read_file(path, 1 << 20);
}

Result<void> write_text(const fs::path& path, std::string_view text, bool secret) {
  return write_file(path, text, secret ? 0600 : 0644);
}

Result<std::string> new_server_chain(const fs::path& path, const desk::ServerTerms& terms,
                                     const crypto::PublicKey& key, signer::Issuer& signer,
                                     const Certificate& issuer, const Clock& clock,
                                     Random& random) {
  const auto order = desk::server_order(terms, key, issuer, new_serial(random), clock.now());
  TRY(auto der, awaited<Bytes>([&](auto answer) { signer.issue(order, std::move(answer)); }));
  std::string chain = crypto::certificate_pem(der) + crypto::certificate_pem(issuer.der);
  TRY_VOID(write_text(path / "server.pem", chain, false));
  return chain;
}

Result<Folder> Folder::open(const Config& config, const Keys& keys, signer::Issuer& signer,
                            const Clock& clock, Random& random) {
  const fs::path& path = config.data;
  const desk::ServerTerms terms = server_terms(config);
  TRY(auto server, FileKey::load_or_make(path / "keys/server.key", Algorithm::ecdsa_p256));
  TRY(auto certificates,
      awaited<std::vector<Certificate>>([&](auto answer) { signer.chain(std::move(answer)); }));
  TRY_VOID(
      write_text(path / "issuing.pem", crypto::certificate_pem(certificates.front().der), false));
  TRY_VOID(write_text(path / "ca.pem", crypto::certificate_pem(certificates.back().der), false));
  TRY(auto chain, server_chain(path, terms, server, signer, certificates.front(), clock, random));
  TRY_VOID(write_text(path / "release.pub", keys.release->public_key().pem(), false));
  std::string anchors;
  for (const auto& c : certificates) anchors += crypto::certificate_pem(c.der);
  std::string server_key = server.private_pem();
  std::string origin = "muster/" + to_hex(keys.ledger->public_key().fingerprint()).substr(0, 16);
  return Folder{.path = path,
                .authority = std::move(certificates),
                .server_key_pem = std::move(server_key),
                .server_chain_pem = std::move(chain),
                .device_anchors_pem = std::move(anchors),
                .log_origin = std::move(origin)};
}

}  // namespace muster
