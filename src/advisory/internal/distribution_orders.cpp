// The orders of Linux distributions: Debian, RPM, Arch, Alpine.
#include <algorithm>
#include <array>
#include <cctype>

#include "advisory/internal/orders.h"

namespace muster::advisory {
namespace {

// Splits at the first colon if only digits stand before it.
std::string_view take_epoch(std::string_view& version) {
  const auto colon = version.find(':');
  if (colon == std::string_view::npos) return {};
  const auto epoch = version.substr(0, colon);
  if (!std::all_of(epoch.begin(), epoch.end(), is_digit)) return {};
  version.remove_prefix(colon + 1);
  return epoch;
}

// Splits at the last dash.
std::string_view take_revision(std::string_view& version) {
  const auto dash = version.rfind('-');
  if (dash == std::string_view::npos) return {};
  const auto revision = version.substr(dash + 1);
  version = version.substr(0, dash);
  return revision;
}

// --- Debian policy 5.6.12 ---

// Tilde before the end, the end before letters, letters before all else.
int weight(std::string_view s) {
  if (s.empty() || is_digit(s[0])) return 0;
  if (s[0] == '~') return -1;
  return is_letter(s[0]) ? static_cast<unsigned char>(s[0])
                         : static_cast<unsigned char>(s[0]) + 256;
}

Order compare_deb_part(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !is_digit(a[0])) || (!b.empty() && !is_digit(b[0]))) {
      if (const Order order = weight(a) <=> weight(b); order != 0) return order;
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    if (const Order order = compare_numbers(take(a, is_digit), take(b, is_digit)); order != 0)
      return order;
  }
  return Order::equivalent;
}

// --- rpmvercmp ---

bool is_alnum(char c) {
  return is_digit(c) || is_letter(c);
}

// One run of digits or of letters from each; both begin with one.
Order compare_runs(std::string_view& a, std::string_view& b) {
  if (is_digit(a[0])) {
    const auto x = take(a, is_digit), y = take(b, is_digit);
    return y.empty() ? Order::greater : compare_numbers(x, y);
  }
  const auto x = take(a, is_letter), y = take(b, is_letter);
  return y.empty() ? Order::less : compare_texts(x, y);
}

Order compare_rpm_part(std::string_view a, std::string_view b) {
  const auto skipped = [](char c) { return !is_alnum(c) && c != '~' && c != '^'; };
  const auto at = [](std::string_view s, char c) { return !s.empty() && s[0] == c; };
  while (!a.empty() || !b.empty()) {
    take(a, skipped);
    take(b, skipped);
    if (at(a, '~') || at(b, '~')) {  // before everything, the end too
      if (!at(a, '~')) return Order::greater;
      if (!at(b, '~')) return Order::less;
    } else if (at(a, '^') || at(b, '^')) {  // behind the end, before anything else
      if (a.empty()) return Order::less;
      if (b.empty()) return Order::greater;
      if (!at(a, '^')) return Order::greater;
      if (!at(b, '^')) return Order::less;
    } else {
      if (a.empty() || b.empty()) break;
      if (const Order order = compare_runs(a, b); order != 0) return order;
      continue;
    }
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return !a.empty() <=> !b.empty();
}

Order compare_alpm_part(std::string_view a, std::string_view b) {
  const auto separator = [](char c) { return !is_alnum(c); };
  const auto letter_first = [](std::string_view s) { return !s.empty() && is_letter(s[0]); };
  while (!a.empty() && !b.empty()) {
    const auto before = a, before_b = b;
    const auto x = take(a, separator), y = take(b, separator);
    if (a.empty() || b.empty()) {
      a = before.substr(x.size());
      b = before_b.substr(y.size());
      break;
    }
    if (x.size() != y.size()) return x.size() <=> y.size();
    if (const Order order = compare_runs(a, b); order != 0) return order;
  }
  if (a.empty() && b.empty()) return Order::equivalent;
  // What is left begins with letters: a pre-release of what has ended.
  if ((a.empty() && !letter_first(b)) || letter_first(a)) return Order::less;
  return Order::greater;
}

// --- Alpine ---

enum class Token { first_digits, digits, letter, suffix, suffix_number, hash, revision, end };

struct AlpineVersion {
  std::string_view rest;
  Token token = Token::first_digits;
  std::string_view value = {};
  int suffix = 0;  // below 0: comes before the version without it

  void next();
};

constexpr std::array<std::string_view, 4> before{"alpha", "beta", "pre", "rc"};
constexpr std::array<std::string_view, 5> behind{"cvs", "svn", "git", "hg", "p"};

int suffix_of(std::string_view word) {
  for (std::size_t i = 0; i < before.size(); ++i)
    if (word == before[i]) return static_cast<int>(i) - 4;
  for (std::size_t i = 0; i < behind.size(); ++i)
    if (word == behind[i]) return static_cast<int>(i) + 1;
  return 0;
}

void AlpineVersion::next() {
  const auto take_as = [this](Token as, std::size_t mark, auto is) {
    token = as;
    rest.remove_prefix(mark);
    value = take(rest, is);
  };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (rest.empty()) {
    token = Token::end;
    value = {};
  } else if (rest[0] == '.' && token <= Token::digits) {
    take_as(Token::digits, 1, is_digit);
  } else if (is_lower(rest[0]) && token <= Token::digits) {
    token = Token::letter;
    value = rest.substr(0, 1);
    rest.remove_prefix(1);
  } else if (rest[0] == '_') {
    take_as(Token::suffix, 1, is_lower);
    suffix = suffix_of(value);
  } else if (token == Token::suffix && is_digit(rest[0])) {
    take_as(Token::suffix_number, 0, is_digit);
  } else if (rest[0] == '~') {
    take_as(Token::hash, 1, is_alnum);
  } else if (rest.starts_with("-r")) {
    take_as(Token::revision, 2, is_digit);
  } else {  // what the grammar does not have: compared as text, and then the end
    token = Token::hash;
    value = rest;
    rest = {};
  }
}

Order compare_tokens(const AlpineVersion& a, const AlpineVersion& b) {
  switch (a.token) {
    case Token::digits:  // a leading zero makes it a fraction
      if (a.value.starts_with('0') || b.value.starts_with('0'))
        return compare_texts(a.value, b.value);
      return compare_numbers(a.value, b.value);
    case Token::first_digits:
    case Token::suffix_number:
    case Token::revision:
      return compare_numbers(a.value, b.value);
    case Token::suffix:
      return a.suffix <=> b.suffix;
    case Token::letter:
    case Token::hash:
      return compare_texts(a.value, b.value);
    case Token::end:
      break;
  }
  return Order::equivalent;
}

}  // namespace

Order compare_deb(std::string_view a, std::string_view b) {
  if (const Order order = compare_numbers(take_epoch(a), take_epoch(b)); order != 0) return order;
  const auto a_revision = take_revision(a), b_revision = take_revision(b);
  if (const Order order = compare_deb_part(a, b); order != 0) return order;
  return compare_deb_part(a_revision, b_revision);
}

Order compare_rpm(std::string_view a, std::string_view b) {
  if (const Order order = compare_numbers(take_epoch(a), take_epoch(b)); order != 0) return order;
  const auto a_release = take_revision(a), b_release = take_revision(b);
  if (const Order order = compare_rpm_part(a, b); order != 0) return order;
  return compare_rpm_part(a_release, b_release);
}

Order compare_alpm(std::string_view a, std::string_view b) {
  if (const Order order = compare_numbers(take_epoch(a), take_epoch(b)); order != 0) return order;
  const auto a_release = take_revision(a), b_release = take_revision(b);
  if (const Order order = compare_alpm_part(a, b); order != 0) return order;
  // A version without a release stands for all of its releases.
  if (a_release.empty() || b_release.empty()) return Order::equivalent;
  return compare_alpm_part(a_release, b_release);
}

Order compare_apk(std::string_view a, std::string_view b) {
  AlpineVersion x{a}, y{b};
  x.value = take(x.rest, is_digit);
  y.value = take(y.rest, is_digit);
  while (x.token == y.token && x.token != Token::end) {
    if (const Order order = compare_tokens(x, y); order != 0) return order;
    x.next();
    y.next();
  }
  if (x.token == y.token) return Order::equivalent;
  if (x.token == Token::suffix && x.suffix < 0) return Order::less;
  if (y.token == Token::suffix && y.suffix < 0) return Order::greater;
  return static_cast<int>(y.token) <=> static_cast<int>(x.token);
}

}  // namespace muster::advisory
