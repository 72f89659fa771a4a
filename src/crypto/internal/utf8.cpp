#include "crypto/internal/utf8.h"

#include <algorithm>
#include <cstdint>

namespace muster::crypto {
namespace {

constexpr std::uint32_t bad = 0xffffffff;

// Takes one code point off the front; `bad` when there is none.
std::uint32_t take(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) {
    text.remove_prefix(1);
    return lead;
  }
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return bad;
  std::uint32_t point = lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if ((octet & 0xc0) != 0x80) return bad;
    point = point << 6 | (octet & 0x3f);
  }
  text.remove_prefix(size);
  const bool shortest = point >= (size == 4 ? 0x10000u : size == 3 ? 0x800u : 0x80u);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return shortest && !surrogate && point <= 0x10ffff ? point : bad;
}

template <class Accepts>
bool every(std::string_view text, Accepts accepts) {
  while (!text.empty()) {
    const std::uint32_t point = take(text);
    if (point == bad || !accepts(point)) return false;
  }
  return true;
}

bool is_space(std::uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
         point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

}  // namespace

bool is_utf8(std::string_view text) {
  return every(text, [](std::uint32_t) { return true; });
}

bool is_printable_utf8(std::string_view text) {
  return every(
      text, [](std::uint32_t point) { return point >= 0x20 && !(point >= 0x7f && point <= 0x9f); });
}

bool has_unicode_space(std::string_view text) {
  return !every(text, [](std::uint32_t point) { return !is_space(point); });
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace muster::crypto
