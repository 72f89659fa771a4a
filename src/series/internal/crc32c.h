// crc32c -- CRC-32C (Castagnoli, RFC 3720 appendix B.4): tells damage from data, not an attacker.
// Pure; any thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace muster::series {

std::uint32_t crc32c(ByteView);

}  // namespace muster::series
