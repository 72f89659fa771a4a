// The orders of language registries, and of who has a scheme of its own: semver, PEP 440, Gem,
// OpenSSL, dates. Maven has a file of its own.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "advisory/internal/orders.h"

namespace muster::advisory {
namespace {

bool is_number(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), is_digit);
}

std::string_view take_part(std::string_view& left, char separator = '.') {
  const auto at = left.find(separator);
  std::string_view part = left.substr(0, at);
  left = at == std::string_view::npos ? std::string_view{} : left.substr(at + 1);
  return part;
}

// semver section 11: numbers before words, numbers as numbers, and the longer list is the later.
Order compare_identifiers(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const auto x = take_part(a), y = take_part(b);
    const bool x_number = is_number(x), y_number = is_number(y);
    if (x_number != y_number) return x_number ? Order::less : Order::greater;
    const Order order = x_number ? compare_numbers(x, y) : compare_texts(x, y);
    if (order != 0) return order;
  }
  return !a.empty() <=> !b.empty();
}

// --- PEP 440 ---

struct PythonVersion {
  std::string_view epoch;
  std::vector<std::string_view> release;
  int pre = 0;  // 1 a, 2 b, 3 rc; 0: none
  std::string_view pre_number;
  bool has_post = false, has_dev = false, has_local = false;
  std::string_view post, dev;
  std::string local;
};

void skip_separator(std::string_view& s) {
  if (!s.empty() && (s[0] == '.' || s[0] == '-' || s[0] == '_')) s.remove_prefix(1);
}

// Takes a separator, one of the words and its number; false, and nothing taken, if none is there.
bool take_word(std::string_view& s, std::initializer_list<std::string_view> words,
               std::string_view& number) {
  std::string_view rest = s;
  skip_separator(rest);
  for (const auto word : words) {
    if (!rest.starts_with(word)) continue;
    rest.remove_prefix(word.size());
    std::string_view behind = rest;
    skip_separator(behind);
    if (!behind.empty() && is_digit(behind[0])) rest = behind;
    number = take(rest, is_digit);
    s = rest;
    return true;
  }
  return false;
}

PythonVersion python_version(std::string_view s) {
  PythonVersion v;
  if (s.starts_with('v')) s.remove_prefix(1);
  if (const auto mark = s.find('!'); mark != std::string_view::npos && is_number(s.substr(0, mark)))
    v.epoch = take_part(s, '!');
  while (!s.empty() && is_digit(s[0])) {
    v.release.push_back(take(s, is_digit));
    if (s.size() > 1 && s[0] == '.' && is_digit(s[1])) s.remove_prefix(1);
  }
  while (!v.release.empty() && v.release.back().find_first_not_of('0') == std::string_view::npos)
    v.release.pop_back();
  if (take_word(s, {"alpha", "a"}, v.pre_number))
    v.pre = 1;
  else if (take_word(s, {"beta", "b"}, v.pre_number))
    v.pre = 2;
  else if (take_word(s, {"preview", "pre", "rc", "c"}, v.pre_number))
    v.pre = 3;
  if (s.size() > 1 && s[0] == '-' && is_digit(s[1])) {
    s.remove_prefix(1);
    v.post = take(s, is_digit);
    v.has_post = true;
  } else {
    v.has_post = take_word(s, {"post", "rev", "r"}, v.post);
  }
  v.has_dev = take_word(s, {"dev"}, v.dev);
  v.has_local = !s.empty();
  if (s.starts_with('+')) s.remove_prefix(1);
  v.local = s;
  std::ranges::replace_if(v.local, [](char c) { return c == '-' || c == '_'; }, '.');
  return v;
}

// A bare development release comes before every pre-release of its version.
int phase(const PythonVersion& v) {
  if (v.pre) return v.pre;
  return !v.has_post && v.has_dev ? 0 : 4;
}

Order compare_locals(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const auto x = take_part(a), y = take_part(b);
    const bool x_number = is_number(x), y_number = is_number(y);
    if (x_number != y_number) return x_number ? Order::greater : Order::less;
    const Order order = x_number ? compare_numbers(x, y) : compare_texts(x, y);
    if (order != 0) return order;
  }
  return !a.empty() <=> !b.empty();
}

Order compare_releases(const std::vector<std::string_view>& a,
                       const std::vector<std::string_view>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const Order order = compare_numbers(i < a.size() ? a[i] : "", i < b.size() ? b[i] : "");
    if (order != 0) return order;
  }
  return Order::equivalent;
}

std::string lowered(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// --- RFC 3339 ---

std::int64_t digits_at(std::string_view s, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  if (at + count <= s.size()) std::from_chars(s.data() + at, s.data() + at + count, value);
  return value;
}

struct Moment {
  std::int64_t seconds = 0;
  std::string fraction;  // its digits, without trailing zeros
};

Moment moment_of(std::string_view s) {
  // Days from a civil date, counted from March so that the leap day is a year's last.
  const std::int64_t month = digits_at(s, 5, 2), year = digits_at(s, 0, 4) - (month <= 2);
  const std::int64_t shifted = (month + 9) % 12;
  const std::int64_t days = 365 * year + year / 4 - year / 100 + year / 400 +
                            (153 * shifted + 2) / 5 + digits_at(s, 8, 2);
  Moment out{
      days * 86'400 + digits_at(s, 11, 2) * 3'600 + digits_at(s, 14, 2) * 60 + digits_at(s, 17, 2),
      {}};
  std::string_view rest = s.substr(std::min<std::size_t>(19, s.size()));
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    out.fraction = take(rest, is_digit);
    while (out.fraction.ends_with('0')) out.fraction.pop_back();
  }
  if (rest.size() == 6 && (rest[0] == '+' || rest[0] == '-')) {
    const std::int64_t offset = digits_at(rest, 1, 2) * 3'600 + digits_at(rest, 4, 2) * 60;
    out.seconds += rest[0] == '+' ? -offset : offset;
  }
  return out;
}

}  // namespace

Order compare_generic(std::string_view a, std::string_view b) {
  const auto separator = [](char c) { return !is_digit(c) && !is_letter(c); };
  while (!a.empty() || !b.empty()) {
    take(a, separator);
    take(b, separator);
    const bool a_number = !a.empty() && is_digit(a[0]), b_number = !b.empty() && is_digit(b[0]);
    if (a.empty() || b.empty()) return !a.empty() <=> !b.empty();
    if (a_number != b_number) return a_number ? Order::greater : Order::less;
    const Order order = a_number ? compare_numbers(take(a, is_digit), take(b, is_digit))
                                 : compare_caseless(take(a, is_letter), take(b, is_letter));
    if (order != 0) return order;
  }
  return Order::equivalent;
}

Order compare_semver(std::string_view a, std::string_view b) {
  const auto core_of = [](std::string_view& s) {
    while (!s.empty() && (s[0] == 'v' || s[0] == '=' || s[0] == 'V')) s.remove_prefix(1);
    s = s.substr(0, s.find('+'));
    return take(s, [](char c) { return is_digit(c) || c == '.'; });
  };
  auto x = core_of(a), y = core_of(b);
  while (!x.empty() || !y.empty()) {
    const auto p = take_part(x), q = take_part(y);
    if (const Order order = compare_numbers(p, q); order != 0) return order;
  }
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();
  if (a[0] == '-') a.remove_prefix(1);
  if (b[0] == '-') b.remove_prefix(1);
  return compare_identifiers(a, b);
}

Order compare_pypi(std::string_view a, std::string_view b) {
  const std::string a_text = lowered(a), b_text = lowered(b);
  const auto x = python_version(a_text), y = python_version(b_text);
  if (const Order order = compare_numbers(x.epoch, y.epoch); order != 0) return order;
  if (const Order order = compare_releases(x.release, y.release); order != 0) return order;
  if (const Order order = phase(x) <=> phase(y); order != 0) return order;
  if (const Order order = compare_numbers(x.pre_number, y.pre_number); order != 0) return order;
  if (const Order order = x.has_post <=> y.has_post; order != 0) return order;
  if (const Order order = compare_numbers(x.post, y.post); order != 0) return order;
  if (const Order order = y.has_dev <=> x.has_dev; order != 0) return order;
  if (const Order order = compare_numbers(x.dev, y.dev); order != 0) return order;
  if (const Order order = x.has_local <=> y.has_local; order != 0) return order;
  return compare_locals(x.local, y.local);
}

// Letters make a pre-release: they come before what has ended, and before numbers.
Order compare_gem(std::string_view a, std::string_view b) {
  const auto separator = [](char c) { return !is_digit(c) && !is_letter(c); };
  const auto rank = [](std::string_view s) { return s.empty() ? 1 : is_letter(s[0]) ? 0 : 2; };
  while (true) {
    take(a, separator);
    take(b, separator);
    if (a.empty() && b.empty()) return Order::equivalent;
    const int x = rank(a), y = rank(b);
    if (x == 0 || y == 0) {
      if (x != y) return x <=> y;
      if (const Order order = compare_texts(take(a, is_letter), take(b, is_letter)); order != 0)
        return order;
    } else if (const Order order = compare_numbers(take(a, is_digit), take(b, is_digit));
               order != 0) {
      return order;
    }
  }
}

Order compare_openssl(std::string_view a, std::string_view b) {
  const auto core = [](char c) { return is_digit(c) || c == '.'; };
  if (const Order order = compare_semver(take(a, core), take(b, core)); order != 0) return order;
  if (a.starts_with('-') != b.starts_with('-'))  // 3.0.0-beta1 comes before 3.0.0 and 1.0.0a
    return a.starts_with('-') ? Order::less : Order::greater;
  return compare_texts(a, b);
}

Order compare_datetime(std::string_view a, std::string_view b) {
  const Moment x = moment_of(a), y = moment_of(b);
  if (x.seconds != y.seconds) return x.seconds <=> y.seconds;
  return compare_texts(x.fraction, y.fraction);
}

}  // namespace muster::advisory
