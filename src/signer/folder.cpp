#include "signer/folder.h"

#include "base/file.h"
#include "base/private_folder.h"
#include "crypto/certificate_file.h"

namespace muster::signer {
namespace {

namespace fs = std::filesystem;
using crypto::Certificate;
using crypto::FileKey;

constexpr Duration root_life = 20 * 365 * 24h, issuing_life = 10 * 365 * 24h;
constexpr Duration backdated = 25h;  // for clients whose clock is behind, were it by a day
constexpr auto algorithm = crypto::Algorithm::ecdsa_p256;

// The certificate at `path`, or one that is issued and written now.
Result<Certificate> certificate(const fs::path& path, const crypto::Profile& profile,
                                const crypto::PublicKey& key, const Certificate* issuer,
                                const crypto::SigningKey& signer, Random& random) {
  if (fs::exists(path)) return crypto::read_certificate(path);
  TRY(const auto der, crypto::issue(profile, key, crypto::random_serial(random), issuer, signer));
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
  TRY_VOID(make_private_folder(path));
  TRY_VOID(make_private_folder(path / "keys"));
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
    if (std::error_code error; !fs::exists(path / name, error) && !error)
      return fail(Fault::missing, "there is no " + (path / name).string() +
                                      "; make the folder with muster-signer init");
    TRY(auto one, crypto::read_certificate(path / name));
    out.chain.push_back(std::move(one));
  }
  return out;
}

}  // namespace muster::signer
