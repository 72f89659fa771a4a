#include <algorithm>
#include <array>
#include <optional>

#include "advisory/internal/constraints.h"
#include "advisory/internal/orders.h"
#include "advisory/vers.h"

namespace muster::advisory {
namespace {

using enum Comparator;

struct Partial {  // "1.2.x": two numbers, and the rest is free
  std::array<std::uint64_t, 3> numbers{};
  std::size_t given = 0;
  bool free = false;   // an x or a * stands in it
  std::string suffix;  // with its dash
};

std::unexpected<Error> refuse(std::string_view token) {
  return fail(Fault::invalid,
              "not an npm range: '" + std::string(token.substr(0, 64)) + "' is no version");
}

Result<Partial> partial_of(std::string_view token) {
  std::string_view s = token;
  if (s.starts_with('v')) s.remove_prefix(1);
  Partial out;
  while (out.given < 3 && !out.free) {
    if (!s.empty() && (s[0] == 'x' || s[0] == 'X' || s[0] == '*')) {
      out.free = true;
      s.remove_prefix(1);
      break;
    }
    const auto digits = take(s, is_digit);
    if (digits.empty() || digits.size() > 15) return refuse(token);
    std::uint64_t number = 0;
    for (const char c : digits) number = number * 10 + static_cast<std::uint64_t>(c - '0');
    out.numbers[out.given++] = number;
    if (!s.starts_with('.')) break;
    s.remove_prefix(1);
  }
  if (out.free) {
    take(s, [](char c) { return c == '.' || c == 'x' || c == 'X' || c == '*'; });
  } else {
    s = s.substr(0, s.find('+'));
    if (!s.empty() && s[0] != '-') return refuse(token);
    out.suffix = s;
    s = {};
  }
  if (!s.empty()) return refuse(token);
  return out;
}

std::string text_of(const Partial& p) {
  return std::to_string(p.numbers[0]) + '.' + std::to_string(p.numbers[1]) + '.' +
         std::to_string(p.numbers[2]) + p.suffix;
}

// The version from which the number at `place` is one higher.
std::string next_of(const Partial& p, std::size_t place) {
  Partial out{.numbers = p.numbers, .suffix = {}};
  ++out.numbers[place];
  for (std::size_t i = place + 1; i < 3; ++i) out.numbers[i] = 0;
  return text_of(out);
}

struct Token {
  std::string_view mark, version;
};

std::optional<Token> take_token(std::string_view& s) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == ','; };
  take(s, blank);
  if (s.empty()) return std::nullopt;
  Token out;
  out.mark =
      take(s, [](char c) { return std::string_view("<>=^~").find(c) != std::string_view::npos; });
  take(s, blank);
  out.version = take(s, [&](char c) { return !blank(c); });
  return out;
}

std::optional<Comparator> comparator_of(std::string_view mark) {
  if (mark.empty() || mark == "=") return equal;
  if (mark == "<") return less;
  if (mark == "<=") return at_most;
  if (mark == ">") return greater;
  if (mark == ">=") return at_least;
  return std::nullopt;
}

Result<void> add(Range& range, const Token& token) {
  TRY(const auto p, partial_of(token.version));
  const auto between = [&](std::size_t place) {
    range.constraints.push_back({at_least, text_of(p)});
    range.constraints.push_back({less, next_of(p, place)});
  };
  if (p.free && p.given == 0) {
    range.all = true;
  } else if (p.free) {
    between(p.given - 1);
  } else if (token.mark == "~" || token.mark == "~>") {
    between(p.given > 1 ? 1 : 0);
  } else if (token.mark == "^") {
    std::size_t place = 0;
    while (place + 1 < p.given && p.numbers[place] == 0) ++place;
    between(place);
  } else if (const auto comparator = comparator_of(token.mark)) {
    range.constraints.push_back({*comparator, text_of(p)});
  } else {
    return fail(Fault::invalid, "not an npm range: '" + std::string(token.mark.substr(0, 8)) +
                                    "' is no comparator");
  }
  return {};
}

// One side of "||": a hyphen range or comparators.
Result<void> add_set(Range& range, std::string_view set) {
  const auto dash = set.find(" - ");
  if (dash != std::string_view::npos) {
    auto low = set.substr(0, dash), high = set.substr(dash + 3);
    const auto from = take_token(low), to = take_token(high);
    if (!from || !to) return refuse(set);
    TRY_VOID(add(range, {">=", from->version}));
    return add(range, {"<=", to->version});
  }
  bool any = false;
  while (const auto token = take_token(set)) {
    if (range.constraints.size() >= constraints_max)
      return fail(Fault::invalid, "not an npm range: it has too many constraints");
    TRY_VOID(add(range, *token));
    any = true;
  }
  if (!any) range.all = true;  // npm: the empty range is every version
  return {};
}

}  // namespace

Result<Range> read_npm_range(std::string_view text) {
  if (text.size() > vers_max) return fail(Fault::invalid, "not an npm range: it is too long");
  Range out{.scheme_name = "npm", .scheme = Scheme::npm};
  while (true) {
    const auto bars = text.find("||");
    TRY_VOID(add_set(out, text.substr(0, bars)));
    if (bars == std::string_view::npos) break;
    text.remove_prefix(bars + 2);
  }
  if (out.all) {
    out.constraints.clear();
    return out;
  }
  sort_by_version(out);
  return out;
}

}  // namespace muster::advisory
