// leaf -- an entry's one spelling: the canonical JSON that is hashed, stored and served.
//
// {"action","actor","at","detail","index","reason","role","target"}, members in this order, "at" in
// RFC 3339 with milliseconds. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "ledger/ledger.h"

namespace muster::ledger {

inline constexpr std::size_t leaf_bytes_max = 65'535;  // C2SP tlog-tiles: a 16-bit length
inline constexpr std::size_t detail_depth_max = 30;    // so that the leaf can be parsed again

// A detail too long or too deep becomes {"omitted":{"bytes","sha256"}} of its canonical form. Other
// members together over the limit are a bug of the caller: std::length_error.
std::string leaf_text(std::uint64_t index, Instant at, const Entry&);

Result<Recorded> parse_leaf(std::string_view);  // corrupt unless it is the spelling above

}  // namespace muster::ledger
