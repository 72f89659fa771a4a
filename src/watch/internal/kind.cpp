#include "watch/internal/kind.h"

#include <algorithm>
#include <cmath>

namespace muster::watch {
namespace {

constexpr std::size_t undeclared_of_a_model = 64;
constexpr std::uint8_t taught_by_a_device = 16;
constexpr std::size_t name_bytes_max = 128;

constexpr std::uint32_t kin_devices = 3;       // fewer are no kind
constexpr std::uint32_t kin_devices_sure = 8;  // enough to judge by them alone
constexpr std::uint32_t kin_warm_at = 5;       // times the warm-up of one device
constexpr double kin_far = 2;                  // half bands
constexpr std::uint8_t at_home_windows = 10;

Pace own_pace(std::uint32_t warmup) {
  return {
      .follow = 1.0 / 64, .reach = 1.0 / 8, .fade = 1.0 / 2048, .warm_at = warmup, .wary = false};
}

// The more devices, the less one of them may move what is usual, and all of them together still
// move it within an interval or two: a sunrise is no drift.
Pace kin_pace(std::uint32_t devices, std::uint32_t warmup) {
  double n = std::max(1U, devices);
  return {.follow = 1 / std::max(64.0, 4 * n),
          .reach = 1 / std::max(8.0, n / 2),
          .fade = 1 / (2048 * n),
          .warm_at = kin_warm_at * warmup,
          .wary = true};
}

double outside(const Band& band, double x) {
  double half = std::max((band.high - band.low) / 2, 1e-12);
  return std::abs(x - (band.low + band.high) / 2) / half;
}

}  // namespace

double Metric::span() const {
  double wide = min && max ? *max - *min : min ? std::abs(*min) : max ? std::abs(*max) : 0;
  return wide > 0 ? wide : 1;
}

double Metric::least_deviation(double mean) const {
  return min && max ? span() / 100 : std::max(std::abs(mean) / 200, 1e-9);
}

void Kind::apply(const ModelProfile& profile) {
  interval = std::clamp<Duration>(profile.interval, 1ms, 30 * 24h);
  for (Metric& each : metrics) each.min = each.max = std::nullopt;
  for (const MetricProfile& declared : profile.metrics) {
    auto known = std::ranges::find(metrics, declared.name, &Metric::name);
    if (known == metrics.end() && metrics.size() < UINT16_MAX)
      known = metrics.insert(known, Metric{declared.name, {}, {}, {}, 0});
    if (known == metrics.end()) continue;
    known->min = declared.min;
    known->max = declared.max;
  }
}

std::optional<MetricId> Kind::place(std::string_view name, std::uint8_t& taught) {
  auto known = std::ranges::find(metrics, name, &Metric::name);
  if (known != metrics.end()) return static_cast<MetricId>(known - metrics.begin());
  if (undeclared >= undeclared_of_a_model || taught >= taught_by_a_device ||
      name.size() > name_bytes_max || metrics.size() >= UINT16_MAX)
    return std::nullopt;
  ++undeclared;
  ++taught;
  metrics.push_back({std::string(name), {}, {}, {}, 0});
  return static_cast<MetricId>(metrics.size() - 1);
}

Judgement judge(Track& track, Metric& metric, double mean, std::uint32_t warmup) {
  double least = metric.least_deviation(track.own.windows() > 0 ? track.own.mean() : mean);
  bool own_counts = track.own.windows() >= warmup;
  bool kin_counts = metric.devices >= kin_devices && metric.kin.windows() >= kin_warm_at * warmup;
  Band own = track.own.band(least);
  Band kin = metric.kin.band(metric.least_deviation(metric.kin.mean()));

  Judgement out;
  bool unlike_itself = own_counts && !own.holds(mean);
  bool unlike_kin = kin_counts && !kin.holds(mean);
  bool strayed = unlike_kin && metric.devices >= kin_devices_sure &&
                 track.at_home >= at_home_windows && !kin.widened(kin_far).holds(mean);
  out.strange =
      (unlike_itself && (unlike_kin || !kin_counts)) || (unlike_kin && !own_counts) || strayed;
  out.kin = out.strange && !unlike_itself;
  out.band = out.kin ? kin : own;
  out.score = outside(out.band, mean);

  if (own_counts && kin_counts && !unlike_kin && track.at_home < at_home_windows) ++track.at_home;
  track.own.learn(mean, own_pace(warmup), least);
  if (track.own.windows() == warmup) ++metric.devices;
  metric.kin.learn(mean, kin_pace(metric.devices, warmup),
                   metric.least_deviation(metric.kin.mean()));
  return out;
}

}  // namespace muster::watch
