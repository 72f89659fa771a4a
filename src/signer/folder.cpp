#include "signer/folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace muster::signer {
namespace {

namespace fs = std::filesystem;
using crypto::Certificate;
using crypto::FileKey;

constexpr Duration root_life = 20 * 365 * 24h, issuing_life = 10 * 365 * 24h;
constexpr Duration backdated = 1h;  // for clients whose clock is behind
constexpr std::uint64_t certificate_max = 1 << 20;
constexpr auto algorithm = crypto::Algorithm::ecdsa_p256;

std::unexpected<Error> cannot(const char* what, const fs::path& path) {
  return fail(Fault::unavailable,
              "cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

Result<Certificate> read_certificate(const fs::path& path) {
  if (std::error_code error; !fs::exists(path, error) && !error)
    return fail(Fault::missing,
                "there is no " + path.string() + "; make the folder with muster-signer init");
  TRY(const auto text, read_file(path, certificate_max));
  TRY(auto found, crypto::parse_certificates_pem(text));
  return std::move(found.front());
}

crypto::Serial new_serial(Random& random) {
  crypto::Serial serial;
  random.fill(serial);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
  return serial;
}

// The certificate at `path`, or one that is issued and written now.
Result<Certificate> certificate(const fs::path& path, const crypto::Profile& profile,
                                const crypto::PublicKey& key, const Certificate* issuer,
                                const crypto::SigningKey& signer, Random& random) {
  if (fs::exists(path)) return read_certificate(path);
  TRY(const auto der, crypto::issue(profile, key, new_serial(random), issuer, signer));
  TRY_VOID(write_file(path, crypto::certificate_pem(der)));
  return crypto::parse_certificate(der);
}

Result<crypto::PublicKey> issuing_key_of(const fs::path& path, const crypto::PublicKey* elsewhere) {
  if (elsewhere) return *elsewhere;
  TRY(const auto key, FileKey::load_or_make(path / "keys" / "issuing.key", algorithm));
  return key.public_key();
}

}  // namespace

bool Folder::has_authority(const fs::path& path) {
  return fs::exists(path / "issuing.pem");
}

Result<Folder> Folder::make(const fs::path& path, const Clock& clock, Random& random,
                            const crypto::PublicKey* elsewhere) {
  std::error_code error;
  fs::create_directories(path / "keys", error);
  if (error)
    return fail(Fault::unavailable, "cannot make " + path.string() + ": " + error.message());
  if (::chmod(path.c_str(), 0700) != 0 || ::chmod((path / "keys").c_str(), 0700) != 0)
    return cannot("protect", path);
  if (fs::exists(path / "ca.pem") && fs::exists(path / "issuing.pem")) return open(path);
  if (!elsewhere && has_authority(path) && !fs::exists(path / "keys" / "issuing.key"))
    return fail(Fault::corrupt, (path / "keys" / "issuing.key").string() +
                                    " is missing: restore it from a backup, or take issuing.pem "
                                    "away too for a new issuing CA");
  const Instant now = clock.now();
  TRY(const auto issuing, issuing_key_of(path, elsewhere));
  TRY(const auto root, FileKey::load_or_make(path / "keys" / "root.key", algorithm));
  TRY(const auto root_certificate, certificate(path / "ca.pem",
                                               {.use = crypto::Use::root_ca,
                                                .common_name = "Muster fleet root",
                                                .not_before = now - backdated,
                                                .not_after = now + root_life},
                                               root.public_key(), nullptr, root, random));
  TRY_VOID(certificate(path / "issuing.pem",
                       {.use = crypto::Use::issuing_ca,
                        .common_name = "Muster issuing CA",
                        .not_before = now - backdated,
                        .not_after = now + issuing_life},
                       issuing, &root_certificate, root, random));
  return open(path);
}

Result<Folder> Folder::open(const fs::path& path) {
  Folder out{.path = path, .chain = {}};
  for (const char* name : {"issuing.pem", "ca.pem"}) {
    TRY(auto one, read_certificate(path / name));
    out.chain.push_back(std::move(one));
  }
  return out;
}

}  // namespace muster::signer
