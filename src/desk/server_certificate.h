// desk/server_certificate -- when the doors' own certificate is due for renewal, and what is then
// ordered of the signer. Pure; any thread; the caller says what time it is.
#pragma once

#include <string>
#include <vector>

#include "crypto/certificate.h"
#include "signer/order.h"

namespace muster::desk {

struct ServerTerms {
  std::vector<std::string> dns_names, ip_addresses;  // the first DNS name is its common name
  Duration life = 365 * 24h;
  std::string ocsp_url = {};  // empty: none
};

// At two thirds of its life, when a door's name is missing from it, when it was made for a longer
// life than is wanted now, or when its issuer has changed.
bool renewal_due(const crypto::Certificate& current, const ServerTerms&,
                 const crypto::Certificate& issuer, Instant now);

signer::Order server_order(const ServerTerms&, const crypto::PublicKey&,
                           const crypto::Certificate& issuer, crypto::Serial, Instant now);

}  // namespace muster::desk
