// crypto/crl -- certificate revocation lists (RFC 5280 section 5), version 2, signed by the issuing
// CA. Pure; any thread.
#pragma once

#include <span>

#include "crypto/certificate.h"

namespace muster::crypto {

enum class RevocationReason {
  unspecified = 0,
  key_compromise = 1,
  superseded = 4,
  cessation_of_operation = 5,
  privilege_withdrawn = 9
};

struct Revoked {
  Bytes serial;
  Instant at;
  RevocationReason reason = RevocationReason::unspecified;
};

Result<Bytes> make_crl(std::span<const Revoked>, std::uint64_t number, Instant this_update,
                       Instant next_update, const Certificate& issuer, const SigningKey&);

}  // namespace muster::crypto
