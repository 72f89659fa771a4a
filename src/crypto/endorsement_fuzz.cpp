#include "crypto/endorsement.h"

#include <cstdlib>

#include "crypto/internal/pem.h"
#include "crypto/internal/test_tpm_recorded.h"

using namespace muster;
using namespace muster::crypto;
using namespace muster::crypto::tpm;

// A certificate that passes names a TPM and a key; one that leads to the recorded vendor is one the
// vendor signed, and it signed no other key than the two.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const VendorAnchors vendor = expect(
      VendorAnchors::from_pem(to_pem("CERTIFICATE", recorded::octets(recorded::vendor_root)),
                              to_pem("CERTIFICATE", recorded::octets(recorded::vendor_issuing))));
  static const Hash rsa =
      expect(parse_public(recorded::octets(recorded::rsa_endorsement_area))).fingerprint();
  static const Hash ecc =
      expect(parse_public(recorded::octets(recorded::p384_endorsement_area))).fingerprint();
  const auto certificate = parse_endorsement_certificate(ByteView(data, size));
  if (!certificate) return 0;
  if (certificate->manufacturer.empty() || certificate->fingerprint != sha256(certificate->spki))
    std::abort();
  if (vendor.verify(*certificate, instant(1'796'083'200'000)) && certificate->fingerprint != rsa &&
      certificate->fingerprint != ecc)
    std::abort();
  return 0;
}
