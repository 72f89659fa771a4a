// rules/internal/times -- timestamps and durations as CEL writes and reads them.
//
// A timestamp is seconds since 1970 and nanoseconds, within the years 1 to 9999; a duration is
// nanoseconds in 64 bits, about 292 years. Zones are "UTC" and fixed offsets ("+01:00", "-02:30",
// "02:00"): there is no table of zones. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::rules {

constexpr std::int64_t first_second = -62'135'596'800, last_second = 253'402'300'799;
constexpr std::int64_t second_ns = 1'000'000'000;

struct Moment {
  std::int64_t seconds = 0;
  std::uint32_t ns = 0;
};

struct TimeText {  // a text without the heap
  char text[48];
  std::size_t octets = 0;
  std::string_view view() const { return {text, octets}; }
};
TimeText write_timestamp(std::int64_t seconds, std::uint32_t ns);
TimeText write_duration(std::int64_t ns);
std::string show_timestamp(std::int64_t seconds, std::uint32_t ns);  // RFC 3339, UTC
std::string show_duration(std::int64_t ns);                          // "90s", "0.25s"
std::optional<Moment> read_timestamp(std::string_view);              // RFC 3339, any offset
std::optional<std::int64_t> read_duration(std::string_view);         // "1h30m", "-1.5s", "3ms"
std::optional<std::int64_t> read_zone(std::string_view);             // seconds east of UTC

// None when the result leaves the range.
std::optional<Moment> plus(Moment, std::int64_t ns);
std::optional<std::int64_t> minus(Moment, Moment);

enum class Part : std::uint8_t {
  year,
  month,
  date,
  month_day,
  week_day,
  year_day,
  hour,
  minute,
  second,
  millisecond
};
// Counted as CEL does: month, day of month, of week (Sunday) and of year from 0, date from 1.
std::int64_t part_of(Moment, Part, std::int64_t zone);
std::int64_t part_of_duration(std::int64_t ns, Part);

}  // namespace muster::rules
