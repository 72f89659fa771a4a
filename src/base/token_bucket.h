// base/token_bucket -- a rate that has a burst: so many at once after a time of quiet, and so many
// a second in the long run.
//
// One thread. The caller says what time it is, in nanoseconds of a clock of its choice; one that
// goes back gives nothing for that, and goes on from there: nobody waits until it has caught up.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/clock.h"

namespace muster {

struct Rate {
  double per_second = 0;
  double burst = 0;  // at once, after a time of quiet; at least 1 to let anything pass
};

class TokenBucket {
 public:
  TokenBucket(Rate rate, std::int64_t now_ns) : rate_(rate), tokens_(rate.burst), at_ns_(now_ns) {}

  bool take(std::int64_t now_ns) {
    tokens_ = at(now_ns);
    at_ns_ = now_ns;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  bool is_full(std::int64_t now_ns) const { return at(now_ns) >= rate_.burst; }
  Duration wait() const {  // until one passes again
    if (rate_.per_second <= 0) return 24h;
    return Duration(static_cast<std::int64_t>(std::ceil((1 - tokens_) / rate_.per_second * 1000)));
  }

 private:
  double at(std::int64_t now_ns) const {
    const double since = static_cast<double>(std::max<std::int64_t>(0, now_ns - at_ns_)) / 1e9;
    return std::min(rate_.burst, tokens_ + since * rate_.per_second);
  }

  Rate rate_;
  double tokens_;
  std::int64_t at_ns_;
};

}  // namespace muster
