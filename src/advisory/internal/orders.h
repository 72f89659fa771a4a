// advisory/internal/orders -- one comparison a scheme, and what several of them need. Pure; any
// thread.
#pragma once

#include <compare>
#include <string_view>

namespace muster::advisory {

using Order = std::weak_ordering;

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The longest run of characters for which `is` holds; taken from the front.
template <class Is>
std::string_view take(std::string_view& s, Is is) {
  std::size_t n = 0;
  while (n < s.size() && is(s[n])) ++n;
  std::string_view out = s.substr(0, n);
  s.remove_prefix(n);
  return out;
}

// Digits of any length, leading zeros or not; no digits are zero.
Order compare_numbers(std::string_view, std::string_view);
Order compare_texts(std::string_view, std::string_view);     // by octets
Order compare_caseless(std::string_view, std::string_view);  // ASCII letters alike

Order compare_generic(std::string_view, std::string_view);
Order compare_semver(std::string_view, std::string_view);
Order compare_deb(std::string_view, std::string_view);
Order compare_rpm(std::string_view, std::string_view);
Order compare_apk(std::string_view, std::string_view);
Order compare_alpm(std::string_view, std::string_view);
Order compare_pypi(std::string_view, std::string_view);
Order compare_maven(std::string_view, std::string_view);
Order compare_gem(std::string_view, std::string_view);
Order compare_openssl(std::string_view, std::string_view);
Order compare_datetime(std::string_view, std::string_view);

}  // namespace muster::advisory
