// agent/renewal -- when the certificate in use is due for renewal, though the device's clock may
// jump.
//
// By the clock: at two thirds of its life, and up to a twelfth later, by a share that its octets
// choose, so that those who came together do not renew together. The time that has passed since it
// was first held counts as well, so that a clock that is set back does not make it late; and one
// that was renewed moments ago is not due again because the clock is ahead. Values only; any
// thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace muster::agent {

Instant renewal_time(std::string_view certificate, Instant not_before, Instant not_after);

class Renewal {
 public:
  // What is in use now; the same again changes nothing. renewed: this process asked for it, as a
  // renewal.
  void hold(std::string_view certificate, Instant not_before, Instant not_after, bool renewed,
            Instant now, std::int64_t now_ns);

  // Until it is due; zero or less: it is. now_ns: monotonic_ns().
  Duration left(Instant now, std::int64_t now_ns) const;

 private:
  Instant not_before_, not_after_, time_;  // by the clock
  bool renewed_ = false;
  Duration planned_{};  // from since_ns_
  std::int64_t since_ns_ = 0;
};

}  // namespace muster::agent
