// identity/expiries -- how many of the certificates end when: counted as they come and go, so that
// a total costs nothing to ask. Domain thread; it reads no clock.
#pragma once

#include <cstdint>
#include <map>

#include "base/clock.h"

namespace muster::identity {

// To the minute.
class Expiries {
 public:
  void add(Instant end) {
    ++by_minute_[minute(end)];
    ++total_;
  }
  void remove(Instant end);
  std::size_t before(Instant) const;
  std::size_t all() const { return total_; }

 private:
  static std::int64_t minute(Instant t) { return millis(t) / 60'000; }
  std::map<std::int64_t, std::size_t> by_minute_;
  std::size_t total_ = 0;
};

}  // namespace muster::identity
