// delta/internal/format -- what both halves know of dcz: its header is a skippable frame of zstd
// with the SHA-256 of the dictionary (RFC 9842 section 5). Pure; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace muster::delta {

constexpr std::array<std::uint8_t, 8> dcz_magic{0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0};
constexpr std::size_t dcz_header_size = dcz_magic.size() + sizeof(crypto::Hash);

inline Bytes dcz_header(const crypto::Hash& dictionary) {
  Bytes header(dcz_magic.begin(), dcz_magic.end());
  header.insert(header.end(), dictionary.begin(), dictionary.end());
  return header;
}

}  // namespace muster::delta
