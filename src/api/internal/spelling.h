// api/internal/spelling -- what requests spell in small grammars of their own: the session's
// cookie, and the names of the ledger's tiles. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::api {

inline constexpr std::string_view session_cookie = "muster_session=";

// The session in a Cookie header; empty: there is none. Of several the last.
std::string session_of(std::string_view cookies);

struct TileName {
  bool entries = false;  // a bundle of entries rather than of hashes: no level then
  unsigned level = 0;    // at most 7
  std::uint64_t index = 0;
  unsigned width = 256;  // 1 to 256
  bool operator==(const TileName&) const = default;
};

// "0/x001/x234/067", "entries/067.p/12" (C2SP tlog-tiles): what follows /ledger/tile/. At most five
// groups of digits.
Result<TileName> tile_name(std::string_view path);

}  // namespace muster::api
