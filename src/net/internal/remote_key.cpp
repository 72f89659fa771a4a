#define OPENSSL_SUPPRESS_DEPRECATED
#include "net/internal/remote_key.h"

#include <openssl/ec.h>

#include "base/log.h"
#include "net/internal/tls_state.h"

namespace muster::net::internal {
namespace {

using Kept = std::shared_ptr<const PrivateKey>;

void forget(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Kept*>(kept);
}

int duplicate(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** kept, int, long, void*) {
  if (*kept) *kept = new Kept(*static_cast<Kept*>(*kept));
  return 1;
}

int place() {
  static const int index = EC_KEY_get_ex_new_index(0, nullptr, nullptr, duplicate, forget);
  return index;
}

ECDSA_SIG* sign_parts(const unsigned char* digest, int size, const BIGNUM*, const BIGNUM*,
                      EC_KEY* key) {
  const auto* kept = static_cast<const Kept*>(EC_KEY_get_ex_data(key, place()));
  if (!kept) return nullptr;
  const auto der = (*kept)->sign_digest(ByteView(digest, static_cast<std::size_t>(size)));
  if (!der) {
    log::error("net", "the key that is elsewhere does not sign", {{"why", der.error().message}});
    return nullptr;
  }
  const unsigned char* at = der->data();
  return d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der->size()));
}

int sign(int, const unsigned char* digest, int size, unsigned char* out, unsigned* out_size,
         const BIGNUM*, const BIGNUM*, EC_KEY* key) {
  const std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>> signature(
      sign_parts(digest, size, nullptr, nullptr, key));
  if (!signature) return 0;
  const int written = i2d_ECDSA_SIG(signature.get(), &out);
  *out_size = written > 0 ? static_cast<unsigned>(written) : 0;
  return written > 0;
}

const EC_KEY_METHOD* method() {
  static const std::unique_ptr<EC_KEY_METHOD, Freed<EC_KEY_METHOD_free>> made = [] {
    std::unique_ptr<EC_KEY_METHOD, Freed<EC_KEY_METHOD_free>> one(
        EC_KEY_METHOD_new(EC_KEY_OpenSSL()));
    EC_KEY_METHOD_set_sign(one.get(), sign, nullptr, sign_parts);
    return one;
  }();
  return made.get();
}

}  // namespace

Result<EVP_PKEY*> remote_key(X509* certificate, std::shared_ptr<const PrivateKey> held) {
  const std::unique_ptr<EC_KEY, Freed<EC_KEY_free>> shown(
      EVP_PKEY_get1_EC_KEY(X509_get0_pubkey(certificate)));
  if (!shown)
    return fail(Fault::invalid, "a key that is elsewhere must be on an elliptic curve",
                "chain_pem");
  const std::unique_ptr<EC_KEY, Freed<EC_KEY_free>> key(EC_KEY_new());
  auto kept = std::make_unique<Kept>(std::move(held));
  if (!key || EC_KEY_set_group(key.get(), EC_KEY_get0_group(shown.get())) != 1 ||
      EC_KEY_set_public_key(key.get(), EC_KEY_get0_public_key(shown.get())) != 1 ||
      EC_KEY_set_method(key.get(), method()) != 1 ||
      EC_KEY_set_ex_data(key.get(), place(), kept.get()) != 1)
    return fail(Fault::internal, "OpenSSL takes no key of another's: " + openssl_reason());
  static_cast<void>(kept.release());  // the EC_KEY's now
  std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> out(EVP_PKEY_new());
  if (!out || EVP_PKEY_set1_EC_KEY(out.get(), key.get()) != 1)
    return fail(Fault::internal, "OpenSSL takes no key of another's: " + openssl_reason());
  return out.release();
}

}  // namespace muster::net::internal
