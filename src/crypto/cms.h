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

// `cms_der` is a SignedData over `content`, which it does not hold; at most 64 KiB and 4 signers,
// over at most 64 MiB.
// Every signer's certificate is in it and leads to one of the anchors at `now`, with no SHA-1 on
// the way; what else it may be used for is not asked.
Result<void> verify_detached(ByteView content, ByteView cms_der,
                             std::span<const Certificate> anchors, Instant now);

}  // namespace muster::crypto
