#include "agent/renewal.h"

#include <algorithm>

#include "crypto/hash.h"

namespace muster::agent {

Instant renewal_time(std::string_view certificate, Instant not_before, Instant not_after) {
  const auto digest = crypto::sha256(bytes_of(certificate));
  const std::int64_t share = std::int64_t{digest[0]} << 8 | digest[1];  // of 65,536
  const Duration life = not_after - not_before;
  return not_before + life * 2 / 3 + life / 12 * share / 65'536;
}

void Renewal::hold(std::string_view certificate, Instant not_before, Instant not_after,
                   bool renewed, Instant now, std::int64_t now_ns) {
  if (not_before == not_before_ && not_after == not_after_) return;
  not_before_ = not_before;
  not_after_ = not_after;
  time_ = renewal_time(certificate, not_before, not_after);
  renewed_ = renewed;
  // From now on never longer than from its beginning: that the clock is behind is no reason.
  planned_ = std::min<Duration>(time_ - now, time_ - not_before);
  since_ns_ = now_ns;
}

Duration Renewal::left(Instant now, std::int64_t now_ns) const {
  const auto held =
      std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(now_ns - since_ns_));
  const Duration due = std::min<Duration>(planned_ - held, time_ - now);
  if (!renewed_) return due;
  return std::max<Duration>(due, (not_after_ - not_before_) / 3 - held);
}

}  // namespace muster::agent
