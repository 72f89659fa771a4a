#include "crypto/cross.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "crypto/internal/chain.h"

namespace muster::crypto {
namespace {

std::unexpected<Error> untrusted(const Certificate& certificate, const std::string& why) {
  return fail(Fault::unauthorized, "the certificate of \"" + certificate.common_name + "\" " + why);
}

Result<void> check_times(const Certificate& certificate, Instant now) {
  if (now >= certificate.not_before && now < certificate.not_after) return {};
  return untrusted(certificate, "is valid from " + rfc3339(certificate.not_before) + " to " +
                                    rfc3339(certificate.not_after));
}

}  // namespace

bool is_root(const Certificate& certificate) {
  return certificate.is_ca && certificate.subject_der == certificate.issuer_der;
}

Result<void> verify_authority(const Certificate& certificate, const Certificate& issuer,
                              Instant now) {
  if (!certificate.is_ca) return untrusted(certificate, "is not a CA's");
  if (!issuer.is_ca) return untrusted(issuer, "is not a CA's");
  TRY_VOID(check_times(certificate, now));
  TRY_VOID(check_times(issuer, now));
  TRY(const auto below, to_openssl(certificate));
  TRY(const auto above, to_openssl(issuer));
  if (X509_check_issued(above.get(), below.get()) != X509_V_OK)
    return untrusted(certificate, "does not name \"" + issuer.common_name + "\" as its issuer");
  if (X509_verify(below.get(), X509_get0_pubkey(above.get())) != 1)
    return untrusted(certificate, "is not signed by \"" + issuer.common_name + '"');
  return {};
}

Result<void> verify_root(const Certificate& root, Instant now) {
  if (!is_root(root)) return untrusted(root, "is not a root's");
  return verify_authority(root, root, now);
}

Result<void> verify_cross(const Certificate& cross, const Certificate& root,
                          std::span<const Certificate> anchors, Instant now) {
  TRY_VOID(verify_root(root, now));
  if (cross.subject_der != root.subject_der || cross.key.spki() != root.key.spki())
    return untrusted(cross, "is of another name or key than \"" + root.common_name + '"');
  for (const Certificate& anchor : anchors)
    if (anchor.subject_der == cross.issuer_der && verify_authority(cross, anchor, now)) return {};
  return untrusted(root, "is certified by no anchor");
}

}  // namespace muster::crypto
