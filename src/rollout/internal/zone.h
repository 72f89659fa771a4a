// rollout/internal/zone -- local time by a POSIX TZ string (POSIX.1-2017, 8.3): an offset, and
// perhaps a second one for the summer with the rules of its first and last day. Names such as
// Europe/Berlin are not read; their string is the last line of the zone's file. Pure values.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace muster::rollout {

class Zone {
 public:
  // "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+0530>-5:30"; at most 64 octets. A summer time without
  // rules is refused: whose they would be is a guess.
  static Result<Zone> parse(std::string_view);

  int offset_s(Instant) const;  // local = UTC + this

  struct Local {
    int day = 0;     // of the week; 0 is Monday
    int second = 0;  // of the day
  };
  Local local(Instant) const;

 private:
  struct Rule {  // a day of the year, and a time on it
    enum class Kind { month, julian, zero_based } kind = Kind::zero_based;
    int month = 0, week = 0, weekday = 0, day = 0;
    int second = 7200;
  };
  friend class ZoneReader;
  static std::int64_t at(const Rule&, std::int64_t year);  // local seconds since 1970

  int standard_s_ = 0, summer_s_ = 0;
  bool has_summer_ = false;
  Rule from_, until_;
};

}  // namespace muster::rollout
