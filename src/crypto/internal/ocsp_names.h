// crypto/internal/ocsp_names -- the identifiers that OCSP requests and responses share, in DER.
// Pure; any thread.
#pragma once

#include <string_view>

#include "crypto/internal/der.h"

namespace muster::crypto::ocsp_names {

using namespace std::literals;

inline constexpr auto nonce = "\x2b\x06\x01\x05\x05\x07\x30\x01\x02"sv;
inline constexpr auto basic_response = "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"sv;
inline constexpr auto acceptable_responses = "\x2b\x06\x01\x05\x05\x07\x30\x01\x04"sv;
inline constexpr auto service_locator = "\x2b\x06\x01\x05\x05\x07\x30\x01\x07"sv;
inline constexpr auto preferred_algorithms = "\x2b\x06\x01\x05\x05\x07\x30\x01\x08"sv;
inline constexpr auto sha1 = "\x2b\x0e\x03\x02\x1a"sv;
inline constexpr auto sha256 = "\x60\x86\x48\x01\x65\x03\x04\x02\x01"sv;

inline constexpr std::size_t sha1_octets = 20, sha256_octets = 32;

}  // namespace muster::crypto::ocsp_names
