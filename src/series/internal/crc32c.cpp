#include "series/internal/crc32c.h"

#include <array>

#include "series/internal/octets.h"

namespace muster::series {
namespace {

using Table = std::array<std::uint32_t, 256>;

// Eight tables take eight octets a step: tables[n] advances an octet by n further octets of zero.
constexpr std::array<Table, 8> make_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t octet = 0; octet < 256; ++octet) {
    std::uint32_t rest = octet;
    for (int bit = 0; bit < 8; ++bit) rest = rest & 1 ? rest >> 1 ^ 0x82f63b78u : rest >> 1;
    tables[0][octet] = rest;
  }
  for (std::size_t n = 1; n < 8; ++n)
    for (std::size_t octet = 0; octet < 256; ++octet) {
      const auto before = tables[n - 1][octet];
      tables[n][octet] = before >> 8 ^ tables[0][before & 255];
    }
  return tables;
}

constexpr auto tables = make_tables();

}  // namespace

std::uint32_t crc32c(ByteView bytes) {
  std::uint32_t crc = ~0u;
  const auto* in = bytes.data();
  auto left = bytes.size();
  for (; left >= 8; left -= 8) {
    const auto word = get<std::uint64_t>(in) ^ crc;
    crc = 0;
    for (unsigned n = 0; n < 8; ++n) crc ^= tables[7 - n][word >> (8 * n) & 255];
  }
  for (; left > 0; --left) crc = crc >> 8 ^ tables[0][(crc ^ *in++) & 255];
  return ~crc;
}

}  // namespace muster::series
