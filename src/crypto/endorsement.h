// crypto/endorsement -- endorsement certificates (TCG EK Credential Profile 2.5): a TPM vendor's
// word that a key is in a TPM of its making.
//
// Vendors sign with RSA and certify RSA keys, and name the TPM in a critical alternative name: so
// crypto/certificate, which has neither, is not used. OpenSSL reads the certificate and walks its
// chain with X509_V_FLAG_X509_STRICT, from SHA-256 and RSA-2048 upwards; it counts a critical
// subjectAltName as understood, and what that says is read here. A critical extension that is
// understood neither by OpenSSL nor here is refused, as are two of one kind. Certificates from
// elsewhere are not fetched. Pure; any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "crypto/tpm.h"

namespace muster::crypto::tpm {

inline constexpr std::size_t endorsement_bytes_max = 8 * 1024;

struct EndorsementCertificate {
  Bytes der;
  Kind kind = Kind::rsa2048;
  Bytes spki;        // of the key, as PublicArea::spki() spells it
  Hash fingerprint;  // SHA-256 of that
  // As the vendor wrote them: "id:494E5458", "SLB9670", "id:0D09".
  std::string manufacturer, model, version;
  std::string subject, issuer;  // for a person; the subject is empty for most vendors
  Instant not_before, not_after;
};

// RSA-2048, P-256 or P-384; no CA; with the extended key usage tcg-kp-EKCertificate, and a usage of
// the key that fits. Nothing may follow: some vendors pad the NV index that holds it.
Result<EndorsementCertificate> parse_endorsement_certificate(ByteView der);

// The vendors that are trusted, read once.
class VendorAnchors {
 public:
  // At most 256 anchors, each a CA and not necessarily self-signed, and 256 intermediates, which
  // are only looked through.
  static Result<VendorAnchors> from_pem(std::string_view anchors,
                                        std::string_view intermediates = {});
  VendorAnchors(VendorAnchors&&) noexcept;
  VendorAnchors& operator=(VendorAnchors&&) noexcept;
  ~VendorAnchors();

  // `sent`: intermediates that came with the certificate, at most 8; they prove nothing alone.
  // unauthorized, with the reason, if the chain does not hold at `now`.
  Result<void> verify(const EndorsementCertificate&, Instant now,
                      std::span<const Bytes> sent = {}) const;

 private:
  struct State;
  explicit VendorAnchors(std::unique_ptr<const State>);
  std::unique_ptr<const State> state_;
};

// The certificate is of this key, and the key is one that opens challenges.
Result<void> check_endorsed(const EndorsementCertificate&, const PublicArea& endorsement_key);

}  // namespace muster::crypto::tpm
