// wire/internal/senml_rules -- what reading and writing SenML agree on.
#pragma once

#include <algorithm>
#include <string_view>

namespace muster::wire {

constexpr double senml_relative_below = 268'435'456;   // 2^28 s, section 4.5.3
constexpr double senml_seconds_max = 253'402'300'799;  // the end of the year 9999

// Section 4.5.1.
inline bool is_senml_name(std::string_view s) {
  auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  auto allowed = [&](char c) {
    return alphanumeric(c) || c == '-' || c == ':' || c == '.' || c == '/' || c == '_';
  };
  return !s.empty() && alphanumeric(s[0]) && std::all_of(s.begin(), s.end(), allowed);
}

}  // namespace muster::wire
