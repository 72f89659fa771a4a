#include "crypto/certificate.h"

#include <cstdlib>

#include "crypto/distribution_point.h"

using namespace muster;
using namespace muster::crypto;

// A certificate that is read is read the same again, through PEM as well, and the chain's verifier
// stands it as leaf, intermediate and anchor. Where its revocation is told is looked for in
// anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  (void)parse_certificates_pem(text_of(input));
  (void)crl_url_of(input);
  auto certificate = parse_certificate(input);
  if (!certificate) return 0;
  auto again = parse_certificates_pem(certificate_pem(certificate->der));
  if (!again || again->size() != 1 || again->front().fingerprint != certificate->fingerprint)
    std::abort();
  const std::span<const Certificate> one(&*certificate, 1);
  (void)verify_chain(*certificate, one, one, Use::client, certificate->not_before);
  (void)verify_chain(*certificate, one, one, Use::server, certificate->not_after);
  return 0;
}
