// wire/internal/text -- the strings of MQTT (5.0 section 1.5.4), checked eight bytes at a time.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "wire/utf8.h"

namespace muster::wire::mqtt {

// Non-zero if the word has a byte equal to c. It may call a byte above such a one equal too, and
// never misses one.
constexpr std::uint64_t has_byte(std::uint64_t word, std::uint8_t c) {
  constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  std::uint64_t x = word ^ (ones * c);
  return (x - ones) & ~x & highs;
}

// The last word of a text shorter than eight bytes is filled up with a byte nobody minds.
inline std::uint64_t load_word(const char* at, std::size_t count) {
  std::uint64_t word = 0x2020202020202020u;
  if (count) std::memcpy(&word, at, count);
  return word;
}

constexpr std::uint64_t not_ascii_or_nul(std::uint64_t word) {
  return (word & 0x8080808080808080u) | has_byte(word, 0);
}

// ASCII without NUL; false means "look closer".
inline bool is_plain_text(std::string_view s) {
  std::uint64_t found = 0;
  for (; s.size() >= 8; s.remove_prefix(8)) found |= not_ascii_or_nul(load_word(s.data(), 8));
  return !(found | not_ascii_or_nul(load_word(s.data(), s.size())));
}

// Such a text, and without wildcards.
inline bool is_plain_topic(std::string_view s) {
  auto odd = [](std::uint64_t w) {
    return not_ascii_or_nul(w) | has_byte(w, '+') | has_byte(w, '#');
  };
  std::uint64_t found = 0;
  for (; s.size() >= 8; s.remove_prefix(8)) found |= odd(load_word(s.data(), 8));
  return !(found | odd(load_word(s.data(), s.size())));
}

inline const char* fault_of_text(std::string_view s) {
  if (is_plain_text(s)) return nullptr;
  if (s.find('\0') != std::string_view::npos) return "holds U+0000 [MQTT-1.5.4-2]";
  if (!is_utf8(s)) return "is not UTF-8 [MQTT-1.5.4-1]";
  return nullptr;
}

}  // namespace muster::wire::mqtt
