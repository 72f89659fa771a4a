#include "wire/utf8.h"

#include <cstdint>
#include <cstring>

namespace muster::wire {
namespace {

bool continues(std::string_view s, std::size_t i) {
  return (static_cast<std::uint8_t>(s[i]) & 0xc0) == 0x80;
}

}  // namespace

std::size_t utf8_length(std::string_view s) {
  if (s.empty()) return 0;
  auto first = static_cast<std::uint8_t>(s[0]);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || s.size() < 2) return 0;
  auto second = static_cast<std::uint8_t>(s[1]);
  if (!continues(s, 1)) return 0;
  if (first < 0xe0) return 2;
  if (s.size() < 3 || !continues(s, 2)) return 0;
  if (first < 0xf0) {
    bool over_long = first == 0xe0 && second < 0xa0;
    bool surrogate = first == 0xed && second > 0x9f;
    return over_long || surrogate ? 0 : 3;
  }
  if (s.size() < 4 || !continues(s, 3)) return 0;
  bool over_long = first == 0xf0 && second < 0x90;
  bool too_high = first == 0xf4 && second > 0x8f;
  return over_long || too_high ? 0 : 4;
}

bool is_utf8(std::string_view s) {
  while (!s.empty()) {
    while (s.size() >= 8) {
      std::uint64_t word;
      std::memcpy(&word, s.data(), 8);
      if (word & 0x8080808080808080u) break;
      s.remove_prefix(8);
    }
    if (s.empty()) break;
    std::size_t n = utf8_length(s);
    if (!n) return false;
    s.remove_prefix(n);
  }
  return true;
}

}  // namespace muster::wire
