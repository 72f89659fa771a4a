// crypto/cms -- the two CMS shapes we need (RFC 5652): certs-only, as EST answers with, and
// detached signatures, as manifests come with. Pure; any thread.
#pragma once

#include <span>
#include <vector>

#include "crypto/certificate.h"

namespace muster::crypto {

Result<Bytes> make_certs_only(
    std::span<const Bytes> certificates_der);  // degenerate SignedData, RFC 7030 4.1.3
Result<std::vector<Certificate>> parse_certs_only(ByteView der);  // at most 16 certificates, 64 KiB

}  // namespace muster::crypto
