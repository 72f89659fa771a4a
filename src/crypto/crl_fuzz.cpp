#include "crypto/crl.h"

#include <cstdlib>

#include "crypto/internal/test_fleet_authority.h"
#include "crypto/internal/x509.h"

using namespace muster;
using namespace muster::crypto;

// The input is a tbsCertList, and signed here: what a signature vouches for is read with no more
// trust. A list that is read, written again, is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FleetAuthority fleet;
  const ByteView input(data, size);
  (void)parse_crl(input, fleet.issuing);
  const auto crl = parse_crl(expect(signed_by(fleet.issuing_key, input)), fleet.issuing);
  if (!crl) return 0;
  const CrlTerms& terms = crl->terms;
  const auto again =
      parse_crl(expect(make_crl(crl->revoked, terms.number, terms.this_update, terms.next_update,
                                fleet.issuing, fleet.issuing_key, terms.scope)),
                fleet.issuing);
  if (!again || again->revoked != crl->revoked || again->terms.scope != terms.scope) std::abort();
  return 0;
}
