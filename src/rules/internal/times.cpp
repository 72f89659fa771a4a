#include "rules/internal/times.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace muster::rules {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

struct Digits {
  std::string_view rest;
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::optional<int> number(std::size_t width) {
    if (rest.size() < width) return {};
    int n = 0;
    for (char c : rest.substr(0, width)) {
      if (c < '0' || c > '9') return {};
      n = n * 10 + (c - '0');
    }
    rest.remove_prefix(width);
    return n;
  }
  // The digits after a point, as billionths; more than nine are refused.
  std::optional<std::uint32_t> billionths() {
    std::uint32_t n = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      if (digits == 9) return {};
      n = n * 10 + static_cast<std::uint32_t>(rest[digits++] - '0');
    }
    if (digits == 0) return {};
    rest.remove_prefix(digits);
    for (; digits < 9; ++digits) n *= 10;
    return n;
  }
};

// "." and the digits that are not trailing zeros; of a timestamp by threes.
void put_fraction(TimeText& out, std::uint32_t ns, std::size_t step) {
  if (ns == 0) return;
  char text[16];
  std::snprintf(text, sizeof text, ".%09u", ns);
  std::size_t digits = 9;
  const auto zeros = [&] {
    for (std::size_t i = 0; i < step; ++i)
      if (text[digits - i] != '0') return false;
    return true;
  };
  while (digits > step && zeros()) digits -= step;
  std::copy_n(text, digits + 1, out.text + out.octets);
  out.octets += digits + 1;
}

std::optional<std::int64_t> clock_offset(Digits& in) {
  const bool west = in.take('-');
  if (!west) in.take('+');
  auto hours = in.number(2);
  if (!hours || *hours > 23 || !in.take(':')) return {};
  auto minutes = in.number(2);
  if (!minutes || *minutes > 59) return {};
  const std::int64_t seconds = *hours * 3600 + *minutes * 60;
  return west ? -seconds : seconds;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

std::optional<std::int64_t> unit_of(Digits& in) {
  static constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"ns", 1},        {"us", 1000},          {"ms", 1'000'000},
      {"s", second_ns}, {"m", 60 * second_ns}, {"h", 3600 * second_ns}};
  for (auto [name, ns] : units)
    if (in.rest.starts_with(name)) return in.rest.remove_prefix(name.size()), ns;
  return {};
}

}  // namespace

TimeText write_timestamp(std::int64_t seconds, std::uint32_t ns) {
  const std::int64_t day = floor_div(seconds, 86400), rest = seconds - day * 86400;
  const std::chrono::year_month_day date{sys_days(days(day))};
  TimeText out;
  out.octets = static_cast<std::size_t>(
      std::snprintf(out.text, 32, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60),
                    static_cast<int>(rest % 60)));
  put_fraction(out, ns, 3);
  out.text[out.octets++] = 'Z';
  return out;
}

TimeText write_duration(std::int64_t ns) {
  const std::int64_t whole = ns / second_ns, rest = ns % second_ns;
  TimeText out;
  out.octets = static_cast<std::size_t>(std::snprintf(
      out.text, 32, "%s%lld", ns < 0 && whole == 0 ? "-" : "", static_cast<long long>(whole)));
  put_fraction(out, static_cast<std::uint32_t>(rest < 0 ? -rest : rest), 1);
  out.text[out.octets++] = 's';
  return out;
}

std::string show_timestamp(std::int64_t seconds, std::uint32_t ns) {
  return std::string(write_timestamp(seconds, ns).view());
}
std::string show_duration(std::int64_t ns) {
  return std::string(write_duration(ns).view());
}

std::optional<Moment> read_timestamp(std::string_view text) {
  Digits in{text};
  auto year = in.number(4);
  if (!year || !in.take('-')) return {};
  auto month = in.number(2);
  if (!month || !in.take('-')) return {};
  auto day = in.number(2);
  if (!day || !(in.take('T') || in.take('t'))) return {};
  auto hour = in.number(2);
  if (!hour || *hour > 23 || !in.take(':')) return {};
  auto minute = in.number(2);
  if (!minute || *minute > 59 || !in.take(':')) return {};
  auto second = in.number(2);
  if (!second || *second > 59) return {};
  Moment out;
  if (in.take('.')) {
    auto ns = in.billionths();
    if (!ns) return {};
    out.ns = *ns;
  }
  std::int64_t zone = 0;
  if (!in.take('Z') && !in.take('z')) {
    if (in.rest.empty() || (in.rest[0] != '+' && in.rest[0] != '-')) return {};
    auto offset = clock_offset(in);
    if (!offset) return {};
    zone = *offset;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || !in.rest.empty()) return {};
  out.seconds = sys_days(date).time_since_epoch().count() * std::int64_t{86400} + *hour * 3600 +
                *minute * 60 + *second - zone;
  if (out.seconds < first_second || out.seconds > last_second) return {};
  return out;
}

std::optional<std::int64_t> read_duration(std::string_view text) {
  Digits in{text};
  const bool negative = in.take('-');
  if (!negative) in.take('+');
  if (in.rest == "0") return 0;
  std::int64_t total = 0;
  if (in.rest.empty()) return {};
  while (!in.rest.empty()) {
    std::int64_t whole = 0;
    bool digits = false;
    for (; !in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9'; digits = true) {
      if (__builtin_mul_overflow(whole, 10, &whole) ||
          __builtin_add_overflow(whole, in.rest[0] - '0', &whole))
        return {};
      in.rest.remove_prefix(1);
    }
    std::uint32_t part = 0;
    if (in.take('.')) {
      auto ns = in.billionths();
      if (!ns) return {};
      part = *ns;
      digits = true;
    }
    auto unit = unit_of(in);
    if (!digits || !unit || __builtin_mul_overflow(whole, *unit, &whole)) return {};
    const auto rest = static_cast<std::int64_t>(static_cast<__int128>(part) * *unit / second_ns);
    if (__builtin_add_overflow(total, whole, &total) || __builtin_add_overflow(total, rest, &total))
      return {};
  }
  return negative ? -total : total;
}

std::optional<std::int64_t> read_zone(std::string_view text) {
  if (text == "UTC" || text == "Z" || text == "Etc/UTC" || text == "GMT") return 0;
  Digits in{text};
  auto offset = clock_offset(in);
  return offset && in.rest.empty() ? offset : std::nullopt;
}

std::optional<Moment> plus(Moment t, std::int64_t ns) {
  const std::int64_t whole = floor_div(ns, second_ns);
  const std::int64_t part = ns - whole * second_ns + t.ns;
  const std::int64_t seconds = t.seconds + whole + part / second_ns;
  if (seconds < first_second || seconds > last_second) return {};
  return Moment{seconds, static_cast<std::uint32_t>(part % second_ns)};
}

std::optional<std::int64_t> minus(Moment a, Moment b) {
  std::int64_t ns = 0;
  const auto part = static_cast<std::int64_t>(a.ns) - static_cast<std::int64_t>(b.ns);
  if (__builtin_mul_overflow(a.seconds - b.seconds, second_ns, &ns) ||
      __builtin_add_overflow(ns, part, &ns))
    return {};
  return ns;
}

std::int64_t part_of(Moment t, Part part, std::int64_t zone) {
  const std::int64_t local = t.seconds + zone;
  const std::int64_t day = floor_div(local, 86400), rest = local - day * 86400;
  const sys_days at{days(day)};
  const std::chrono::year_month_day date{at};
  switch (part) {
    case Part::year:
      return static_cast<int>(date.year());
    case Part::month:
      return static_cast<unsigned>(date.month()) - 1;
    case Part::date:
      return static_cast<unsigned>(date.day());
    case Part::month_day:
      return static_cast<unsigned>(date.day()) - 1;
    case Part::week_day:
      return std::chrono::weekday(at).c_encoding();
    case Part::year_day:
      return (at - sys_days(date.year() / std::chrono::January / 1)).count();
    case Part::hour:
      return rest / 3600;
    case Part::minute:
      return rest / 60 % 60;
    case Part::second:
      return rest % 60;
    case Part::millisecond:
      return t.ns / 1'000'000;
  }
  return 0;
}

std::int64_t part_of_duration(std::int64_t ns, Part part) {
  switch (part) {
    case Part::hour:
      return ns / (3600 * second_ns);
    case Part::minute:
      return ns / (60 * second_ns);
    case Part::second:
      return ns / second_ns;
    default:  // the milliseconds within the second, as the conformance cases have it
      return ns % second_ns / 1'000'000;
  }
}

}  // namespace muster::rules
