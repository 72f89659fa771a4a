// octets -- fixed-width numbers as stored: little endian unless said otherwise. Pure; any thread.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>

#include "base/bytes.h"

namespace muster::series {

template <std::integral T>
constexpr T little_endian(T value) {
  if constexpr (std::endian::native == std::endian::big) return std::byteswap(value);
  return value;
}

template <std::integral T>
constexpr T big_endian(T value) {
  if constexpr (std::endian::native == std::endian::little) return std::byteswap(value);
  return value;
}

template <std::integral T>
void put(std::uint8_t*& out, T value) {  // moves on; the caller has made room
  value = little_endian(value);
  std::memcpy(out, &value, sizeof value);
  out += sizeof value;
}

template <std::integral T>
T get(const std::uint8_t*& in) {  // moves on; the caller has checked the bounds
  T value;
  std::memcpy(&value, in, sizeof value);
  in += sizeof value;
  return little_endian(value);
}

}  // namespace muster::series
