// crypto/distribution_point -- where a certificate says that its revocation is told.
//
// Of the CRLDistributionPoints (RFC 5280 4.2.1.13) it reads what we write: one point with the full
// name of one URI. Nothing is fetched. Pure; any thread.
#pragma once

#include <string>

#include "base/bytes.h"

namespace muster::crypto {

std::string crl_url_of(ByteView certificate_der);  // empty: none, or of another shape

}  // namespace muster::crypto
