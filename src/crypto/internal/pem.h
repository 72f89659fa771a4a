// crypto/internal/pem -- the textual encoding of RFC 7468, for what is not secret. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::crypto {

std::string to_pem(std::string_view label, ByteView der);

// The blocks of that label in order, at most `count_max`; text and other blocks between them are
// passed over. Fails when there is none.
Result<std::vector<Bytes>> from_pem(std::string_view text, std::string_view label,
                                    std::size_t count_max);

}  // namespace muster::crypto
