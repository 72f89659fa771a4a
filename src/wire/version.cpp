#include <algorithm>

#include "wire/update.h"

namespace muster::wire {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_number(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), is_digit) && (s.size() == 1 || s[0] != '0');
}

bool is_identifier(std::string_view s) {
  auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  if (s.empty() || !std::all_of(s.begin(), s.end(), allowed)) return false;
  return !std::all_of(s.begin(), s.end(), is_digit) || is_number(s);
}

std::string_view take_part(std::string_view& left) {
  auto dot = left.find('.');
  std::string_view part = left.substr(0, dot);
  left = dot == std::string_view::npos ? std::string_view{} : left.substr(dot + 1);
  return part;
}

struct Parts {
  std::string_view core, suffix;
};
Parts split(std::string_view version) {
  auto dash = version.find('-');
  if (dash == std::string_view::npos) return {version, {}};
  return {version.substr(0, dash), version.substr(dash + 1)};
}

// Without leading zeros, the longer of two numbers is the greater.
std::weak_ordering compare_numbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

std::weak_ordering compare_suffixes(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    std::string_view x = take_part(a), y = take_part(b);
    bool x_number = is_number(x), y_number = is_number(y);
    auto order = x_number && y_number ? compare_numbers(x, y)
                 : x_number != y_number
                     ? (x_number ? std::weak_ordering::less : std::weak_ordering::greater)
                     : std::weak_ordering(x <=> y);
    if (order != 0) return order;
  }
  return !a.empty() <=> !b.empty();
}

bool all_parts(std::string_view s, bool (*good)(std::string_view), std::ptrdiff_t max) {
  if (s.empty() || s.back() == '.' || std::count(s.begin(), s.end(), '.') >= max) return false;
  while (!s.empty())
    if (!good(take_part(s))) return false;
  return true;
}

}  // namespace

bool is_version(std::string_view v) {
  if (v.empty() || v.size() > 32) return false;
  auto [core, suffix] = split(v);
  if (!all_parts(core, is_number, 3)) return false;
  return core.size() == v.size() || all_parts(suffix, is_identifier, 32);
}

std::weak_ordering compare_versions(std::string_view a, std::string_view b) {
  auto [a_core, a_suffix] = split(a);
  auto [b_core, b_suffix] = split(b);
  for (int i = 0; i < 3; ++i) {
    std::string_view x = take_part(a_core), y = take_part(b_core);
    auto order = compare_numbers(x.empty() ? "0" : x, y.empty() ? "0" : y);
    if (order != 0) return order;
  }
  if (a_suffix.empty() || b_suffix.empty()) return a_suffix.empty() <=> b_suffix.empty();
  return compare_suffixes(a_suffix, b_suffix);
}

}  // namespace muster::wire
