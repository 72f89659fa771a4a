// watch/internal/kind -- what is known and usual of one model: its interval, its metrics with their
// declared ranges, and the baselines of all its devices together. Plain values; the thread of their
// Watch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "watch/internal/baseline.h"
#include "watch/watch.h"

namespace muster::watch {

struct Metric {
  std::string name;
  std::optional<double> min, max;
  Baseline kin;               // windows of all devices of the model
  std::uint32_t devices = 0;  // whose own baseline is warm

  double span() const;                        // of the declared range; never 0
  double least_deviation(double mean) const;  // 1 % of the span, or half a per cent of the mean
};

struct Kind {
  explicit Kind(ModelId model) : id(std::move(model)) {}
  void apply(const ModelProfile&);  // metrics keep their place; what is no longer declared loses
                                    // its range
  // Place of a metric; learns an undeclared one while `taught` (by that device) and the model
  // allow.
  std::optional<MetricId> place(std::string_view name, std::uint8_t& taught);

  ModelId id;
  Duration interval = 60s;
  std::vector<Metric> metrics;
  std::size_t undeclared = 0;
  double bytes = 0;  // usual size of a message
  std::uint64_t messages = 0;
};

// One metric of one device.
struct Track {
  Baseline own;
  double sum = 0;  // of the open window
  Instant start;   // of the open window, by the readings' own time
  std::uint16_t count = 0;
  MetricId metric = 0;                                      // its place in the model
  std::uint8_t out_of_range = 0, strange = 0, at_home = 0;  // in a row
  Rest range, drift;
};

// A window of a track, held against its device's and its model's baselines, which then learn it.
struct Judgement {
  bool strange = false;
  Band band;         // the one shown
  bool kin = false;  // it is the model's
  double score = 0;  // how many half bands outside
};
Judgement judge(Track&, Metric&, double mean, std::uint32_t warmup_windows);

}  // namespace muster::watch
