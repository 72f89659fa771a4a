#include "crypto/internal/chain.h"

#include <openssl/x509_vfy.h>

#include <new>

namespace muster::crypto {
namespace {

constexpr int depth_max = 8;
constexpr int security_level = 2;  // 112 bits: no SHA-1, no P-192, no RSA below 2048

}  // namespace

Result<X509Handle> to_openssl(const Certificate& certificate) {
  const std::uint8_t* at = certificate.der.data();
  X509Handle out{d2i_X509(nullptr, &at, static_cast<long>(certificate.der.size()))};
  if (!out) return fail(Fault::invalid, "certificate: OpenSSL cannot read it");
  return out;
}

Result<StoreHandle> store_of(std::span<const Certificate> anchors, int purpose, Instant now) {
  if (anchors.empty()) return fail(Fault::unauthorized, "no trust anchor is configured");
  if (anchors.size() > anchors_max) return fail(Fault::invalid, "more than 256 trust anchors");
  StoreHandle store{X509_STORE_new()};
  if (!store) throw std::bad_alloc();
  for (const Certificate& anchor : anchors) {
    if (!anchor.is_ca)
      return fail(Fault::invalid, "the trust anchor \"" + anchor.common_name + "\" is not a CA");
    TRY(const X509Handle x509, to_openssl(anchor));
    if (X509_STORE_add_cert(store.get(), x509.get()) != 1) throw std::bad_alloc();
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_purpose(parameters, purpose);
  X509_VERIFY_PARAM_set_depth(parameters, depth_max);
  X509_VERIFY_PARAM_set_auth_level(parameters, security_level);
  X509_VERIFY_PARAM_set_time(
      parameters, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  return store;
}

}  // namespace muster::crypto
