#include "base/clock.h"

#include <charconv>
#include <cstdio>
#include <ctime>

namespace muster {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t ms;
};
constexpr Unit units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

// A fixed-width decimal, or -1.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

Instant SystemClock::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string rfc3339(Instant t) {
  std::int64_t ms = millis(t);
  std::time_t seconds = static_cast<std::time_t>(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                static_cast<int>(ms - static_cast<std::int64_t>(seconds) * 1000));
  return text;
}

Result<Instant> parse_rfc3339(std::string_view text) {
  auto bad = [] {
    return fail(Fault::invalid, "must be an RFC 3339 time in UTC, such as 2026-01-31T12:00:00Z");
  };
  int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (text.size() < 20 || text.back() != 'Z' || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':' || year < 0 || month < 1 ||
      month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60)
    return bad();
  std::int64_t fraction = 0;
  if (text.size() > 20) {
    std::size_t count = text.size() - 21;
    if (text[19] != '.' || count < 1 || count > 9 || digits(text, 20, count) < 0) return bad();
    for (std::size_t i = 0; i < 3; ++i)
      fraction = fraction * 10 + (i < count ? text[20 + i] - '0' : 0);
  }
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad();
  const Instant at = Instant(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
                     std::chrono::minutes(minute) + std::chrono::seconds(second) +
                     Duration(fraction);
  const Instant end = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);
  if (at >= end) return bad();  // a leap second after all that four digits can say
  return at;
}

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units)
    if (ec == std::errc() && suffix == unit.suffix && value >= 0 &&
        value <= 100LL * 366 * 86'400'000 / unit.ms)
      return Duration(value * unit.ms);
  return fail(Fault::invalid,
              "must be a whole number with a unit: 250ms, 30s, 5m, 1h or 7d, at most 100 years");
}

std::string show(Duration d) {
  for (std::size_t i = std::size(units); i-- > 0;)
    if (d.count() != 0 && d.count() % units[i].ms == 0)
      return std::to_string(d.count() / units[i].ms) + std::string(units[i].suffix);
  return "0s";
}

}  // namespace muster
