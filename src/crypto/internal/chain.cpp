#include "crypto/internal/chain.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <new>

namespace muster::crypto {
namespace {

constexpr int security_level = 2;  // 112 bits: no SHA-1, no P-192, no RSA below 2048

// With X509_V_FLAG_PARTIAL_CHAIN OpenSSL asks nothing of an anchor; what it would ask of one
// without: that a root be signed by itself, as far as its extensions tell, and RFC 5280 4.2.1.1 of
// any other.
Result<void> check_anchor(const Certificate& anchor, X509* x509) {
  const std::string who = "the trust anchor \"" + anchor.common_name + "\"";
  if (!anchor.is_ca) return fail(Fault::invalid, who + " is not a CA");
  const bool is_root = anchor.subject_der == anchor.issuer_der;
  if (is_root && !(X509_get_extension_flags(x509) & EXFLAG_SS))
    return fail(Fault::invalid, who + " is its own issuer, but names another key as its issuer's");
  if (!is_root && anchor.authority_key_id.empty())
    return fail(Fault::invalid, who + " does not identify its issuer's key");
  return {};
}

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
    TRY(const X509Handle x509, to_openssl(anchor));
    TRY_VOID(check_anchor(anchor, x509.get()));
    if (X509_STORE_add_cert(store.get(), x509.get()) != 1) throw std::bad_alloc();
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_purpose(parameters, purpose);
  X509_VERIFY_PARAM_set_depth(parameters, intermediates_used_max);
  X509_VERIFY_PARAM_set_auth_level(parameters, security_level);
  X509_VERIFY_PARAM_set_time(
      parameters, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  return store;
}

}  // namespace muster::crypto
