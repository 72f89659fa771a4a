// crypto/cms -- the three CMS shapes we need (RFC 5652): certs-only, as EST answers with; detached
// signatures, as manifests come with; and signed content, as vouchers are. Pure; any thread.
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

struct SignedContent {
  Bytes content;
  Certificate signer;
};
inline constexpr std::string_view voucher_content_type = "1.2.840.113549.1.9.16.1.40";  // RFC 8366

// `cms_der` is a SignedData that holds content of this type (dotted) and has one signer; at most
// 64 KiB. The signer is checked as verify_detached does, and what it may be used for is the
// caller's question.
Result<SignedContent> verify_enveloping(ByteView cms_der, std::string_view content_type,
                                        std::span<const Certificate> anchors, Instant now);

}  // namespace muster::crypto
