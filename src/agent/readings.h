// agent/readings -- what a device reports next: rows of a file, a simulated household meter, or the
// machine's own state.
//
// A source gives one value for each of its metrics at a time, NaN where it has none now. It sends
// nothing and keeps no history. Chance comes from a seed, so the same seed gives the same values
// for the same calls; the time is the caller's. One source serves one device, on its thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace muster::agent {

struct Metric {
  std::string name, unit;  // SenML: names are limited to A-Z a-z 0-9 - : . / _
};

class Readings {
 public:
  virtual ~Readings() = default;
  virtual const std::vector<Metric>& metrics() const = 0;
  virtual void next(Instant now, std::vector<double>& values) = 0;  // resized to fit
};

// A header line that names the columns, then rows. Columns called date, time or timestamp are
// skipped: what is replayed happens now. A column that would begin with no letter or digit, as
// "(V)", is called "column_V_"; a name is cut off at 128 characters. Texts may be quoted; what is
// no number is NaN. At most 256 MiB and 64 metrics.
class CsvTable {
 public:
  static Result<CsvTable> parse(std::string_view text);
  const std::vector<Metric>& metrics() const { return metrics_; }
  std::size_t rows() const { return metrics_.empty() ? 0 : values_.size() / metrics_.size(); }
  const double* row(std::size_t i) const { return values_.data() + i * metrics_.size(); }

 private:
  std::vector<Metric> metrics_;
  std::vector<double> values_;  // row after row
};

// Begins somewhere of its own and goes round. The table outlives it, and may serve many.
class CsvReadings final : public Readings {
 public:
  CsvReadings(const CsvTable& table, std::uint64_t seed);
  const std::vector<Metric>& metrics() const override { return table_.metrics(); }
  void next(Instant now, std::vector<double>& values) override;

 private:
  const CsvTable& table_;
  std::size_t at_;
};

// A household's electricity meter: voltage that wanders around 230 V, a base load with a fridge
// that comes and goes, appliances in steps, more of them in the morning and the evening (UTC), and
// the energy register that follows from it.
class MeterReadings final : public Readings {
 public:
  explicit MeterReadings(std::uint64_t seed);
  const std::vector<Metric>& metrics() const override;
  void next(Instant now, std::vector<double>& values) override;

 private:
  struct Appliance {
    double watts;
    Instant until;
  };
  void switch_on(Instant now, double seconds);
  SeededRandom random_;
  double base_watts_, fridge_watts_, energy_kwh_, voltage_ = 230, target_ = 230;
  std::vector<Appliance> running_;
  Instant last_{};
};

// The machine itself: load, memory available, uptime.
class SystemReadings final : public Readings {
 public:
  const std::vector<Metric>& metrics() const override;
  void next(Instant now, std::vector<double>& values) override;
};

}  // namespace muster::agent
