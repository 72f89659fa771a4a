// wire/internal/senml_rules -- what reading and writing SenML agree on. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace muster::wire {

constexpr double senml_relative_below = 268'435'456;   // 2^28 s, section 4.5.3
constexpr double senml_seconds_max = 253'402'300'799;  // the end of the year 9999

// By character: 1 allowed in a name, 2 allowed at its start.
constexpr auto senml_name_characters = [] {
  std::array<std::uint8_t, 256> of{};
  for (char c : std::string_view("-:./_")) of[static_cast<unsigned char>(c)] = 1;
  for (unsigned c = '0'; c <= '9'; ++c) of[c] = 3;
  for (unsigned c = 'a'; c <= 'z'; ++c) of[c] = of[c - 'a' + 'A'] = 3;
  return of;
}();

// Section 4.5.1.
inline bool is_senml_name(std::string_view s) {
  if (s.empty() || !(senml_name_characters[static_cast<unsigned char>(s[0])] & 2)) return false;
  std::uint8_t all = 1;
  for (char c : s) all &= senml_name_characters[static_cast<unsigned char>(c)];
  return all;
}

}  // namespace muster::wire
