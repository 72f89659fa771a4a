// base/bytes -- octets and their two spellings, hexadecimal and base64. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace muster {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

std::string to_hex(ByteView);                 // lower case
Result<Bytes> from_hex(std::string_view);     // either case, even length
std::string to_base64(ByteView);              // RFC 4648 section 4, padded, one line
std::string to_base64url(ByteView);           // RFC 4648 section 5, unpadded
Result<Bytes> from_base64(std::string_view);  // either alphabet; white space anywhere; padding
                                              // optional (RFC 8951 section 3)

}  // namespace muster
