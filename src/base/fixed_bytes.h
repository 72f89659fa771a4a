// base/fixed_bytes -- octets of a known count as an array: digests, serial numbers. Pure; any
// thread.
#pragma once

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace muster {

// All zeros when there are not exactly N, as where a column is empty: no digest and no serial
// number is that, so it is equal to none.
template <std::size_t N>
std::array<std::uint8_t, N> fixed(ByteView from) {
  std::array<std::uint8_t, N> out{};
  if (from.size() == N) std::copy_n(from.begin(), N, out.begin());
  return out;
}

}  // namespace muster
