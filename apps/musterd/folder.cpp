#include "musterd/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace muster {
namespace {

namespace fs = std::filesystem;
using crypto::Algorithm;
using crypto::Certificate;
using crypto::FileKey;

constexpr Duration root_life = 20 * 365 * 24h, issuing_life = 10 * 365 * 24h,
                   server_life = 365 * 24h;
constexpr Duration backdated = 1h;  // for clients whose clock is behind

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

Result<Certificate> read_certificate(const fs::path& path) {
  TRY(auto text, read_text(path));
  TRY(auto found, crypto::parse_certificates_pem(text));
  return found.front();
}

// The certificate at `path`, or one that is issued and written now.
Result<Certificate> certificate(const fs::path& path, const crypto::Profile& profile,
                                const crypto::PublicKey& key, const Certificate* issuer,
                                const crypto::SigningKey& signer, Random& random) {
  if (fs::exists(path)) return read_certificate(path);
  TRY(auto der, crypto::issue(profile, key, new_serial(random), issuer, signer));
  TRY_VOID(write_text(path, crypto::certificate_pem(der), false));
  return crypto::parse_certificate(der);
}

// The fleet root and the issuing CA below it. The root key is needed only while one of the two is
// missing.
Result<std::vector<Certificate>> certificate_authority(const fs::path& path, const FileKey& issuing,
                                                       Instant now, Random& random) {
  const bool complete = fs::exists(path / "ca.pem") && fs::exists(path / "issuing.pem");
  if (complete) {
    TRY(auto issuing_certificate, read_certificate(path / "issuing.pem"));
    TRY(auto root_certificate, read_certificate(path / "ca.pem"));
    return std::vector{std::move(issuing_certificate), std::move(root_certificate)};
  }
  TRY(auto root, FileKey::load_or_make(path / "keys/root.key", Algorithm::ecdsa_p256));
  TRY(auto root_certificate, certificate(path / "ca.pem",
                                         {.use = crypto::Use::root_ca,
                                          .common_name = "Muster fleet root",
                                          .not_before = now - backdated,
                                          .not_after = now + root_life},
                                         root.public_key(), nullptr, root, random));
  TRY(auto issuing_certificate, certificate(path / "issuing.pem",
                                            {.use = crypto::Use::issuing_ca,
                                             .common_name = "Muster issuing CA",
                                             .not_before = now - backdated,
                                             .not_after = now + issuing_life},
                                            issuing.public_key(), &root_certificate, root, random));
  return std::vector{std::move(issuing_certificate), std::move(root_certificate)};
}

bool still_good(const Certificate& c, const std::vector<std::string>& names,
                const std::vector<std::string>& addresses, Instant now) {
  const auto in = [](const std::vector<std::string>& list) {
    return [&list](const std::string& each) { return std::ranges::count(list, each) > 0; };
  };
  const bool named = std::ranges::all_of(names, in(c.dns_names)) &&
                     std::ranges::all_of(addresses, in(c.ip_addresses));
  return named && c.not_after - now > server_life / 3;
}

// The doors' chain: server certificate, then the issuing CA.
Result<std::string> server_chain(const fs::path& path, const std::vector<std::string>& names,
                                 const std::vector<std::string>& addresses, const FileKey& server,
                                 const FileKey& issuing, const Certificate& issuer, Instant now,
                                 Random& random) {
  const fs::path file = path / "server.pem";
  if (fs::exists(file)) {
    TRY(auto current, read_certificate(file));
    if (still_good(current, names, addresses, now) &&
        current.key.fingerprint() == server.public_key().fingerprint())
      return read_text(file);
  }
  crypto::Profile profile{.use = crypto::Use::server,
                          .common_name = names.front(),
                          .dns_names = names,
                          .ip_addresses = addresses,
                          .not_before = now - backdated,
                          .not_after = now + server_life,
                          .registration_authority = true};
  TRY(auto der, crypto::issue(profile, server.public_key(), new_serial(random), &issuer, issuing));
  std::string chain = crypto::certificate_pem(der) + crypto::certificate_pem(issuer.der);
  TRY_VOID(write_text(file, chain, false));
  return chain;
}

}  // namespace

Result<std::string> read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::unexpected(cannot("read", path));
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

Result<void> write_text(const fs::path& path, std::string_view text, bool secret) {
  const fs::path draft = path.string() + ".new";
  const int fd =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, secret ? 0600 : 0644);
  if (fd < 0) return std::unexpected(cannot("write", draft));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0)
    return std::unexpected(cannot("write", path));
  const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

Result<Folder> Folder::open(const fs::path& path, const std::vector<std::string>& names,
                            const std::vector<std::string>& addresses, const Clock& clock,
                            Random& random) {
  std::error_code ec;
  fs::create_directories(path / "keys", ec);
  if (ec) return fail(Fault::unavailable, "cannot make " + path.string() + ": " + ec.message());
  if (::chmod(path.c_str(), 0700) != 0 || ::chmod((path / "keys").c_str(), 0700) != 0)
    return std::unexpected(cannot("protect", path));
  const Instant now = clock.now();
  TRY(auto issuing, FileKey::load_or_make(path / "keys/issuing.key", Algorithm::ecdsa_p256));
  TRY(auto server, FileKey::load_or_make(path / "keys/server.key", Algorithm::ecdsa_p256));
  TRY(auto ledger, FileKey::load_or_make(path / "keys/ledger.key", Algorithm::ed25519));
  TRY(auto release, FileKey::load_or_make(path / "keys/release.key", Algorithm::ed25519));
  TRY(auto certificates, certificate_authority(path, issuing, now, random));
  TRY(auto chain,
      server_chain(path, names, addresses, server, issuing, certificates.front(), now, random));
  TRY_VOID(write_text(path / "release.pub", release.public_key().pem(), false));
  std::string anchors;
  for (const auto& c : certificates) anchors += crypto::certificate_pem(c.der);
  std::string server_key = server.private_pem();
  std::string origin = "muster/" + to_hex(ledger.public_key().fingerprint()).substr(0, 16);
  return Folder{.path = path,
                .issuing_key = std::move(issuing),
                .ledger_key = std::move(ledger),
                .release_key = std::move(release),
                .authority = std::move(certificates),
                .server_key_pem = std::move(server_key),
                .server_chain_pem = std::move(chain),
                .device_anchors_pem = std::move(anchors),
                .log_origin = std::move(origin)};
}

}  // namespace muster
