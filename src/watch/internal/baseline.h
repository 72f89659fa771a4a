// watch/internal/baseline -- what is usual for one number, and how long a feature keeps quiet after
// it has spoken. Values only, of one thread; no time of their own: they count windows.
#pragma once

#include <cstdint>

#include "watch/watch.h"

namespace muster::watch {

// How fast a baseline follows; each is the share taken over from one window.
struct Pace {
  double follow;          // mean and deviation
  double reach;           // the envelope, outwards, once warm
  double fade;            // the envelope, back towards the mean
  std::uint32_t warm_at;  // windows until it counts
  bool wary;              // the envelope too is deaf to outliers
};

struct Band {
  double low = 0, high = 0;
  bool holds(double x) const { return x >= low && x <= high; }
  Band widened(double times) const;  // about its middle
};

// Mean, mean absolute deviation and a slowly fading envelope of window means. Once warm, a window
// moves mean and deviation by no more than six deviations' worth, so that neither a spike nor a
// single bad device of a model shifts what is usual.
class Baseline {
 public:
  void learn(double x, const Pace&, double least_deviation);
  Band band(double least_deviation) const;  // the envelope and four deviations around it
  std::uint32_t windows() const { return windows_; }
  double mean() const { return mean_; }

 private:
  double mean_ = 0, deviation_ = 0, low_ = 0, high_ = 0;
  std::uint32_t windows_ = 0;
};

// Silence after a finding: broken by a higher severity or a score four times as far out, ended by
// ten normal windows.
class Rest {
 public:
  bool broken_by(Severity, double score);  // true: tell it, and rest from here
  void normal(std::int64_t windows = 1);
  void disturbed() { calm_ = 0; }

 private:
  float score_ = 0;
  std::uint8_t told_ = 0;  // severity + 1; 0: none
  std::uint8_t calm_ = 0;  // normal windows since
};

}  // namespace muster::watch
