#include "watch/internal/baseline.h"

#include <algorithm>
#include <cmath>

namespace muster::watch {
namespace {

constexpr double outlier_deviations = 6;
constexpr double band_deviations = 4;
constexpr double clearly_worse = 4;
constexpr int calm_windows = 10;

}  // namespace

Band Band::widened(double times) const {
  double middle = (low + high) / 2, half = (high - low) / 2 * times;
  return {middle - half, middle + half};
}

void Baseline::learn(double x, const Pace& pace, double least_deviation) {
  if (windows_ == 0) {
    mean_ = low_ = high_ = x;
    windows_ = 1;
    return;
  }
  if (windows_ < UINT32_MAX) ++windows_;
  bool warm = windows_ > pace.warm_at;
  double far = outlier_deviations * std::max(deviation_, least_deviation);
  double heard = warm ? std::clamp(x, mean_ - far, mean_ + far) : x;

  double reach = warm ? pace.reach : 1;
  double edge = pace.wary ? heard : x;
  if (edge > high_) high_ += (edge - high_) * reach;
  if (edge < low_) low_ += (edge - low_) * reach;

  double follow = std::max(pace.follow, 1.0 / windows_);
  deviation_ += (std::abs(heard - mean_) - deviation_) * follow;
  mean_ += (heard - mean_) * follow;

  high_ = std::max(mean_, high_ - (high_ - mean_) * pace.fade);
  low_ = std::min(mean_, low_ + (mean_ - low_) * pace.fade);
}

Band Baseline::band(double least_deviation) const {
  double slack = band_deviations * std::max(deviation_, least_deviation);
  return {low_ - slack, high_ + slack};
}

bool Rest::broken_by(Severity severity, double score) {
  calm_ = 0;
  auto told = static_cast<std::uint8_t>(static_cast<int>(severity) + 1);
  if (told <= told_ && score < clearly_worse * score_) return false;
  told_ = std::max(told, told_);
  score_ = static_cast<float>(score);
  return true;
}

void Rest::normal(std::int64_t windows) {
  if (told_ == 0) return;
  std::int64_t calm = calm_ + std::max<std::int64_t>(windows, 0);
  if (calm >= calm_windows)
    *this = {};
  else
    calm_ = static_cast<std::uint8_t>(calm);
}

}  // namespace muster::watch
