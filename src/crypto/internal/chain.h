// crypto/internal/chain -- our certificates as OpenSSL's, for the two questions we leave to it:
// does a chain hold, and is a CMS signed. Any thread.
#pragma once

#include <span>

#include "crypto/certificate.h"
#include "crypto/internal/openssl.h"

namespace muster::crypto {

inline constexpr std::size_t intermediates_max = 16;
inline constexpr std::size_t anchors_max = 256;

Result<X509Handle> to_openssl(const Certificate&);

// A store of these anchors, strict, looking at `now` and for `purpose` (X509_PURPOSE_...).
Result<StoreHandle> store_of(std::span<const Certificate> anchors, int purpose, Instant now);

}  // namespace muster::crypto
