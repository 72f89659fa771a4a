#include "muster-signer/issuing_key.h"

#include "base/log.h"
#include "signer/folder.h"
#include "signer/sandbox.h"

namespace muster {
namespace {

Result<void> confine_the_token() {
  if (!signer::instrumented) return signer::confine_with_token();
  log::warning("signer", "built with a sanitizer: the token's process is not confined");
  return {};
}

Error about(Error error) {
  error.field = "--issuing-key";
  return error;
}

}  // namespace

Result<std::unique_ptr<pkcs11::ApartKey>> token_of(const Options& options, bool make) {
  if (options.issuing_key.empty()) return nullptr;
  const signer::Folder folder{.path = options.folder, .chain = {}};
  std::error_code error;
  if (std::filesystem::exists(folder.issuing_key(), error))
    return fail(Fault::conflict,
                folder.issuing_key().string() +
                    " is still there: with it beside the token, the token protects nothing. Take "
                    "it away, and issuing.pem too unless its key is now the token's",
                "--issuing-key");
  std::optional<crypto::Algorithm> made;
  TRY(const bool has_authority, signer::Folder::has_authority(options.folder));
  if (make && !has_authority) made = crypto::Algorithm::ecdsa_p256;
  auto key = pkcs11::ApartKey::start(
      {.uri = options.issuing_key, .make = made, .confine = confine_the_token, .await_end = false});
  if (!key) return std::unexpected(about(std::move(key).error()));
  return std::move(*key);
}

}  // namespace muster
