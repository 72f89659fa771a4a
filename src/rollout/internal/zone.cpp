#include "rollout/internal/zone.h"

#include <chrono>

namespace muster::rollout {
namespace {

constexpr std::size_t text_max = 64;
constexpr std::int64_t day_s = 86'400;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::int64_t days_since_1970(std::chrono::year_month_day date) {
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::int64_t year_of(std::int64_t seconds) {
  const auto days = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  return static_cast<int>(std::chrono::year_month_day(days).year());
}

}  // namespace

// Reads from the front; the first fault stays.
class ZoneReader {
 public:
  explicit ZoneReader(std::string_view text) : rest_(text) {}

  Result<Zone> read() {
    Zone out;
    name();
    out.standard_s_ = -offset(24);
    out.summer_s_ = out.standard_s_ + 3600;
    if (good_ && !rest_.empty()) {
      out.has_summer_ = true;
      name();
      if (good_ && !rest_.empty() && rest_.front() != ',') out.summer_s_ = -offset(24);
      take(',');
      out.from_ = rule();
      take(',');
      out.until_ = rule();
    }
    if (good_ && rest_.empty()) return out;
    return fail(Fault::invalid, "is no POSIX TZ string such as UTC0 or CET-1CEST,M3.5.0,M10.5.0/3");
  }

 private:
  bool next(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void take(char c) { good_ = next(c) && good_; }

  void name() {
    const bool quoted = next('<');
    std::size_t n = 0;
    while (n < rest_.size() &&
           (is_letter(rest_[n]) ||
            (quoted && (is_digit(rest_[n]) || rest_[n] == '+' || rest_[n] == '-'))))
      ++n;
    good_ = good_ && n >= 3;
    rest_.remove_prefix(n);
    if (quoted) take('>');
  }

  int number(int low, int high) {
    int value = 0;
    std::size_t n = 0;
    while (n < rest_.size() && n < 3 && is_digit(rest_[n])) value = value * 10 + (rest_[n++] - '0');
    good_ = good_ && n > 0 && value >= low && value <= high;
    rest_.remove_prefix(n);
    return value;
  }

  int offset(int hours_max) {  // seconds
    const bool negative = next('-');
    if (!negative) next('+');
    int seconds = number(0, hours_max) * 3600;
    if (next(':')) seconds += number(0, 59) * 60;
    if (next(':')) seconds += number(0, 59);
    return negative ? -seconds : seconds;
  }

  Zone::Rule rule() {
    using Kind = Zone::Rule::Kind;
    Zone::Rule out;
    if (next('M')) {
      out.kind = Kind::month;
      out.month = number(1, 12);
      take('.');
      out.week = number(1, 5);
      take('.');
      out.weekday = number(0, 6);
    } else if (next('J')) {
      out.kind = Kind::julian;
      out.day = number(1, 365);
    } else {
      out.day = number(0, 365);
    }
    if (next('/')) out.second = offset(167);
    return out;
  }

  std::string_view rest_;
  bool good_ = true;
};

Result<Zone> Zone::parse(std::string_view text) {
  if (text.size() > text_max) return fail(Fault::invalid, "a zone has at most 64 octets");
  return ZoneReader(text).read();
}

std::int64_t Zone::at(const Rule& rule, std::int64_t year) {
  using namespace std::chrono;
  const std::chrono::year y(static_cast<int>(year));
  std::int64_t day = days_since_1970(y / January / 1);
  if (rule.kind == Rule::Kind::zero_based) {
    day += rule.day;
  } else if (rule.kind == Rule::Kind::julian) {  // 29 February is never counted
    day += rule.day - 1 + (y.is_leap() && rule.day >= 60);
  } else {
    const auto month = y / std::chrono::month(static_cast<unsigned>(rule.month));
    const weekday wanted(static_cast<unsigned>(rule.weekday));
    day =
        rule.week == 5
            ? sys_days(month / wanted[last]).time_since_epoch().count()
            : sys_days(month / wanted[static_cast<unsigned>(rule.week)]).time_since_epoch().count();
  }
  return day * day_s + rule.second;
}

int Zone::offset_s(Instant t) const {
  if (!has_summer_) return standard_s_;
  const std::int64_t utc = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  const std::int64_t year = year_of(utc + standard_s_);
  const std::int64_t from = at(from_, year) - standard_s_, until = at(until_, year) - summer_s_;
  const bool summer = from < until ? utc >= from && utc < until : utc >= from || utc < until;
  return summer ? summer_s_ : standard_s_;
}

Zone::Local Zone::local(Instant t) const {
  const std::int64_t seconds =
      std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count() + offset_s(t);
  std::int64_t day = seconds / day_s, second = seconds % day_s;
  if (second < 0) second += day_s, --day;
  return {static_cast<int>(((day + 3) % 7 + 7) % 7), static_cast<int>(second)};
}

}  // namespace muster::rollout
