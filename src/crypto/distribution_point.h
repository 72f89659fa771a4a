// crypto/distribution_point -- where a certificate says that its revocation is told.
//
// Of the CRLDistributionPoints (RFC 5280 4.2.1.13) it reads what we write: one point with the full
// name of one URI. Nothing is fetched. Pure; any thread.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::crypto {

// Empty: none, or of another shape. corrupt: no certificate, or an extension that cannot be read.
Result<std::string> crl_url_of(ByteView certificate_der);

}  // namespace muster::crypto
