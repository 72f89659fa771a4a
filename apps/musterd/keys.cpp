#include "musterd/keys.h"

#include <filesystem>
#include <string>

#include "base/log.h"
#include "pkcs11/apart.h"
#include "signer/sandbox.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using crypto::Algorithm;
using Key = std::unique_ptr<const crypto::SigningKey>;

constexpr Duration longest_signature = 5s;

struct Place {
  std::string option, uri;
  fs::path file;
};

Result<void> confine() {
  if (!signer::instrumented) return signer::confine_with_token();
  log::warning("musterd", "built with a sanitizer: the token's process is not confined");
  return {};
}

Result<Key> in_token(const Place& place, bool first_start) {
  std::error_code error;
  if (fs::exists(place.file, error))
    return fail(Fault::conflict, place.file.string() +
                                     " is still there: with it beside the token, the token "
                                     "protects nothing. Take it away");
  std::optional<Algorithm> made;
  if (first_start) made = Algorithm::ed25519;
  TRY(auto key,
      pkcs11::ApartKey::start(
          {.uri = place.uri, .make = made, .confine = confine, .limit = longest_signature}));
  return Key(std::move(key));
}

Result<Key> open_key(const Place& place, bool first_start) {
  if (place.uri.empty()) {
    TRY(auto key, crypto::FileKey::load_or_make(place.file, Algorithm::ed25519));
    return Key(std::make_unique<const crypto::FileKey>(std::move(key)));
  }
  auto key = in_token(place, first_start);
  if (!key) return fail(key.error().fault, place.option + ": " + key.error().message);
  return key;
}

}  // namespace

Result<Keys> Keys::open(const Config& config) {
  const fs::path keys = config.data / "keys";
  const bool first_start = !fs::exists(config.data / "ledger.vkey");
  Keys out;
  TRY(out.ledger, open_key({"--ledger-key", config.ledger_key, keys / "ledger.key"}, first_start));
  if (out.ledger->public_key().algorithm() != Algorithm::ed25519)
    return fail(Fault::invalid,
                std::string("--ledger-key: checkpoints are signed by Ed25519, and this key is ") +
                    name_of(out.ledger->public_key().algorithm()));
  TRY(out.release,
      open_key({"--release-key", config.release_key, keys / "release.key"}, first_start));
  return out;
}

}  // namespace muster
