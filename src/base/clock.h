// base/clock -- the only source of time.
//
// Instant is wall-clock time in milliseconds since 1970 UTC: it is stored, signed and compared with
// certificates. Tests and the scenario world pass a ManualClock; nothing outside base reads the
// system's. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster {

using namespace std::chrono_literals;
using Duration = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;  // any thread
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

// Stands still until told; for tests. Any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start.time_since_epoch().count()) {}
  Instant now() const override { return Instant(Duration(now_.load())); }
  void pass(Duration d) { now_ += d.count(); }

 private:
  std::atomic<std::int64_t> now_;
};

std::int64_t monotonic_ns();  // for timers and rates only; never stored

inline std::int64_t millis(Instant t) {
  return t.time_since_epoch().count();
}
inline Instant instant(std::int64_t ms) {
  return Instant(Duration(ms));
}

std::string rfc3339(Instant);                       // "2026-11-22T04:50:21.123Z"
Result<Instant> parse_rfc3339(std::string_view);    // UTC ("Z") only
Result<Duration> parse_duration(std::string_view);  // "250ms", "30s", "5m", "1h", "7d"
std::string show(Duration);                         // the same notation

}  // namespace muster
