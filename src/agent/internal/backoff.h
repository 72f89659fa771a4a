// agent/internal/backoff -- how long to wait before the next try: doubling from first to max, each
// drawn from the upper half of its span, so that devices that failed together do not return
// together. The chance comes from the caller's Random; it reads no clock. One thread.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/random.h"

namespace muster::agent {

class Backoff {
 public:
  Backoff(Duration first, Duration max, Random& random)
      : first_(first), max_(max), random_(random) {}
  Duration next() {
    const Duration span = std::max(1ms, std::min(max_, span_));
    span_ = std::min(max_, span * 2);
    return span / 2 + Duration(random_.below(static_cast<std::uint64_t>((span + 1ms) / 2ms) + 1));
  }
  void reset() { span_ = first_; }

 private:
  const Duration first_, max_;
  Random& random_;
  Duration span_ = first_;
};

}  // namespace muster::agent
