#include "watch/watch.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <unordered_map>

#include "watch/internal/baseline.h"
#include "watch/internal/kind.h"

namespace muster::watch {
namespace {

constexpr double burst = 64;           // messages that a device may have buffered
constexpr double critical_times = 4;   // of what is high: the rate, and the size of a message
constexpr double critical_burst = 96;  // so that a burst a little too long is not critical
constexpr float size_heard = 2;        // times the usual size: more teaches no more
constexpr double bytes_least = 1024, bytes_high = 16 * 1024;
constexpr std::uint8_t strike = 2, strikes_max = 6;  // a normal message takes one away
constexpr Duration refusal_window_least = 10s;
constexpr int silent_longer = 3;  // times silent_intervals: moderate
constexpr Duration scan_every_most = 1s;
constexpr std::uint8_t strange_in_a_row = 5;
constexpr std::uint16_t window_readings_max = 256;
constexpr std::uint64_t kind_warm_messages = 50;
constexpr Instant latest{Duration(std::int64_t{1} << 53)};  // of a reading, which a device dates

std::string figure(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", x);
  return text;
}

std::string time_shown(Duration d) {
  char text[32];
  if (d < 1s) return std::to_string(d.count()) + " ms";
  double s = static_cast<double>(d.count()) / 1000;
  if (d < 120s)
    std::snprintf(text, sizeof text, "%.3g s", s);
  else if (d < 120min)
    std::snprintf(text, sizeof text, "%.0f min", s / 60);
  else
    std::snprintf(text, sizeof text, "%.1f h", s / 3600);
  return text;
}

double intervals(Duration d, Duration interval) {
  return static_cast<double>(d.count()) / static_cast<double>(interval.count());
}

struct Device {
  DeviceId id;
  std::uint32_t kind = 0;
  std::uint16_t hint = 0;   // the track whose turn it is, if the device keeps its order
  std::uint8_t taught = 0;  // metrics it made its model learn

  float level = 0, critical_level = 0;  // of the two leaky buckets, in messages
  Instant leaked_at;
  Instant run_since;      // when the bucket was last empty
  std::uint32_t run = 0;  // messages since
  Rest rate;

  Instant window_start;
  std::uint32_t windows = 0;  // that had a message
  float bytes = 0;            // usual size of a message
  std::uint8_t strikes = 0;
  Rest size;

  Instant refused_since;
  std::uint32_t refused = 0;
  Rest refusals;

  Rest silence;
  std::vector<Track> tracks;  // in the order in which it first sent them
};

struct Pulse {  // apart from Device, so that all can be scanned
  Instant since;
  std::uint32_t kind = 0;
  bool connected = false;
  std::uint8_t told = 0;  // 1: low, 2: moderate
};

}  // namespace

const char* name_of(Severity s) {
  constexpr const char* names[] = {"low", "moderate", "high", "critical"};
  return names[static_cast<int>(s)];
}

struct Watch::State {
  explicit State(Settings s) : settings(s) {}

  std::uint32_t kind(const ModelId&);
  void judge_rate(Device&, const Kind&, Instant at);
  void judge_refusals(Device&, const Kind&, const Observed&);
  void judge_size(Device&, Kind&, const Observed&);
  void close_window(Device&, const Kind&, Instant at);
  static Track& track(Device&, MetricId);
  void judge_range(Device&, Track&, const Metric&, Instant at, double value);
  void judge_drift(Device&, Track&, Metric&, const Kind&, Instant at);
  void judge_silence(Slot, Pulse&, Instant now);
  void tell(const Device&, const char* feature, std::string metric, double value, Band, Severity,
            Instant, std::string words);

  const Settings settings;
  std::deque<Kind> kinds;
  std::unordered_map<ModelId, std::uint32_t> kind_of;
  std::vector<Device> devices;
  std::vector<Pulse> pulses;  // by slot
  std::unordered_map<DeviceId, Slot> slot_of;
  std::vector<Finding> findings;
  Instant scanned;
  Duration scan_every = scan_every_most;
};

std::uint32_t Watch::State::kind(const ModelId& id) {
  auto [at, added] = kind_of.try_emplace(id, static_cast<std::uint32_t>(kinds.size()));
  if (added) kinds.emplace_back(id);
  return at->second;
}

void Watch::State::tell(const Device& device, const char* feature, std::string metric, double value,
                        Band band, Severity severity, Instant at, std::string words) {
  findings.push_back({device.id, feature, std::move(metric), value, band.low, band.high, severity,
                      at, std::move(words)});
}

void Watch::State::judge_rate(Device& device, const Kind& kind, Instant at) {
  double leaked = settings.rate_factor *
                  intervals(std::max<Duration>(at - device.leaked_at, 0ms), kind.interval);
  device.leaked_at = at;
  device.level = static_cast<float>(std::max(0.0, device.level - leaked));
  device.critical_level =
      static_cast<float>(std::max(0.0, device.critical_level - critical_times * leaked));
  if (device.level == 0) {
    device.run_since = at;
    device.run = 0;
    device.rate.normal();
  }
  ++device.run;
  // No higher than what tells a flood, so that its end is seen soon.
  device.level = std::min(device.level + 1, static_cast<float>(burst + 1));
  device.critical_level =
      std::min(device.critical_level + 1, static_cast<float>(critical_burst + 1));
  if (device.level <= burst) return;

  Duration lasted = std::max<Duration>(at - device.run_since, 0ms);
  auto severity = device.critical_level > critical_burst ? Severity::critical : Severity::high;
  double seconds = std::max(1.0, static_cast<double>(lasted.count()) / 1000);
  if (!device.rate.broken_by(severity, device.run / seconds)) return;
  double most = std::floor(burst + settings.rate_factor * intervals(lasted, kind.interval));
  tell(device, "message-rate", {}, device.run, {0, most}, severity, at,
       device.id.text() + " sent " + std::to_string(device.run) + " messages within " +
           time_shown(lasted) + "; one is expected each " + time_shown(kind.interval) +
           ", and even with buffered ones at most " + figure(most));
}

void Watch::State::judge_refusals(Device& device, const Kind& kind, const Observed& seen) {
  Duration window = std::max(kind.interval, refusal_window_least);
  bool too_many = device.refused >= static_cast<std::uint32_t>(settings.refusals_per_window);
  Duration since = seen.at - device.refused_since;
  if (since >= window || since < 0ms) {
    device.refusals.normal(since / window - (too_many ? 1 : 0));
    device.refused = 0;
    device.refused_since = seen.at;
  }
  if (!seen.refused) return;
  ++device.refused;
  if (device.refused < static_cast<std::uint32_t>(settings.refusals_per_window)) return;
  if (!device.refusals.broken_by(Severity::high, device.refused)) return;
  tell(device, "topic-refusals", {}, device.refused,
       {0, static_cast<double>(settings.refusals_per_window - 1)}, Severity::high, seen.at,
       device.id.text() + " tried " + std::to_string(device.refused) + " times within " +
           time_shown(window) + " to use topics that are not its own");
}

void Watch::State::judge_size(Device& device, Kind& kind, const Observed& seen) {
  auto bytes = static_cast<double>(seen.bytes);
  bool own_counts = device.windows >= static_cast<std::uint32_t>(settings.warmup_windows);
  bool kind_counts = kind.messages >= kind_warm_messages;
  double usual = std::max(own_counts ? device.bytes : 0.0, kind_counts ? kind.bytes : 0.0);
  double most = std::max(bytes_least, usual * static_cast<double>(settings.message_bytes_factor));
  bool over = usual > 0 && bytes > most;

  device.bytes =
      device.bytes == 0
          ? static_cast<float>(bytes)
          : device.bytes +
                (std::min(static_cast<float>(bytes), size_heard * device.bytes) - device.bytes) /
                    32;
  kind.bytes = kind.messages++ == 0
                   ? bytes
                   : kind.bytes + (std::min(bytes, size_heard * kind.bytes) - kind.bytes) / 256;
  if (!over) {
    if (device.strikes > 0) --device.strikes;
    return;
  }
  device.size.disturbed();
  device.strikes = std::min<std::uint8_t>(device.strikes + strike, strikes_max);
  if (device.strikes < strikes_max) return;
  auto severity =
      bytes > std::max(bytes_high, critical_times * most) ? Severity::high : Severity::moderate;
  if (!device.size.broken_by(severity, bytes / usual)) return;
  tell(device, "message-size", {}, bytes, {0, most}, severity, seen.at,
       device.id.text() + " sends messages of " + std::to_string(seen.bytes) +
           " bytes; usual are " + figure(std::round(usual)) + ", and expected at most " +
           figure(std::floor(most)));
}

void Watch::State::close_window(Device& device, const Kind& kind, Instant at) {
  Duration open = at - device.window_start;
  if (open >= 0ms && open < kind.interval) return;
  device.window_start = at;
  ++device.windows;
  device.silence.normal();
  if (device.strikes == 0) device.size.normal();
}

Track& Watch::State::track(Device& device, MetricId metric) {
  if (device.hint >= device.tracks.size()) device.hint = 0;
  if (device.hint < device.tracks.size() && device.tracks[device.hint].metric == metric)
    return device.tracks[device.hint++];
  auto known = std::ranges::find(device.tracks, metric, &Track::metric);
  if (known == device.tracks.end()) {
    if (device.tracks.size() == device.tracks.capacity())
      device.tracks.reserve(device.tracks.size() + 2);  // most devices have few
    device.tracks.emplace_back().metric = metric;
    known = device.tracks.end() - 1;
  }
  device.hint = static_cast<std::uint16_t>(known - device.tracks.begin() + 1);
  return *known;
}

void Watch::State::judge_range(Device& device, Track& track, const Metric& metric, Instant at,
                               double value) {
  bool inside = std::isfinite(value) && !(metric.min && value < *metric.min) &&
                !(metric.max && value > *metric.max);
  if (inside) {
    track.out_of_range = 0;
    track.range.normal();
    return;
  }
  track.range.disturbed();
  if (track.out_of_range < UINT8_MAX) ++track.out_of_range;
  if (track.out_of_range < settings.out_of_range_in_a_row) return;
  Band band{metric.min.value_or(-HUGE_VAL), metric.max.value_or(HUGE_VAL)};
  double beyond = std::isfinite(value) ? std::max(band.low - value, value - band.high) : 0;
  if (!track.range.broken_by(Severity::high, 1 + beyond / metric.span())) return;
  std::string declared = !metric.min && !metric.max ? "numbers"
                         : !metric.max              ? "at least " + figure(band.low)
                         : !metric.min              ? "at most " + figure(band.high)
                                                    : figure(band.low) + " to " + figure(band.high);
  tell(device, "value-range", metric.name, value, band, Severity::high, at,
       metric.name + " of " + device.id.text() + " is " + figure(value) + ", " +
           std::to_string(track.out_of_range) +
           " readings in a row outside its range: " + declared);
}

// The window that a reading at `at` ends.
void Watch::State::judge_drift(Device& device, Track& track, Metric& metric, const Kind& kind,
                               Instant at) {
  double mean = track.sum / track.count;
  auto judged = judge(track, metric, mean, static_cast<std::uint32_t>(settings.warmup_windows));
  if (!judged.strange) {
    track.strange = 0;
    track.drift.normal();
    return;
  }
  track.drift.disturbed();
  if (track.strange < UINT8_MAX) ++track.strange;
  if (track.strange < strange_in_a_row) return;
  if (!track.drift.broken_by(Severity::moderate, judged.score)) return;
  tell(device, "value-drift", metric.name, mean, judged.band, Severity::moderate, at,
       metric.name + " of " + device.id.text() + " has been unusual for " +
           std::to_string(track.strange) + " intervals of " + time_shown(kind.interval) +
           " and is now " + figure(mean) + "; usual for " +
           (judged.kin ? "devices of model " + kind.id.text() : "this device") + " is " +
           figure(judged.band.low) + " to " + figure(judged.band.high));
}

void Watch::State::judge_silence(Slot slot, Pulse& pulse, Instant now) {
  const Kind& kind = kinds[pulse.kind];
  Duration silent = now - pulse.since, limit = kind.interval * settings.silent_intervals;
  std::uint8_t stage = silent >= limit * silent_longer ? 2 : silent >= limit ? 1 : 0;
  if (stage <= pulse.told) return;
  pulse.told = stage;
  Device& device = devices[slot];
  auto severity = stage == 2 ? Severity::moderate : Severity::low;
  if (!device.silence.broken_by(severity, 1)) return;
  tell(device, "silence", {}, std::floor(intervals(silent, kind.interval)),
       {0, static_cast<double>(settings.silent_intervals)}, severity, now,
       device.id.text() + " is connected but has sent nothing for " + time_shown(silent) +
           "; a message is expected each " + time_shown(kind.interval));
}

Watch::Watch(Settings settings) : state_(std::make_unique<State>(settings)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch::~Watch() = default;

void Watch::profile(const ModelProfile& profile) {
  Kind& kind = state_->kinds[state_->kind(profile.id)];
  kind.apply(profile);
  state_->scan_every = std::clamp<Duration>(kind.interval / 2, 1ms, state_->scan_every);
}

Slot Watch::slot(const DeviceId& id, const ModelId& model) {
  State& s = *state_;
  std::uint32_t kind = s.kind(model);
  auto [at, added] = s.slot_of.try_emplace(id, static_cast<Slot>(s.devices.size()));
  Slot slot = at->second;
  if (added) {
    s.devices.emplace_back().id = id;
    s.pulses.emplace_back();
  }
  if (added || s.devices[slot].kind != kind) {
    s.devices[slot].kind = s.pulses[slot].kind = kind;
    forget(slot);
    s.devices[slot].tracks.reserve(s.kinds[kind].metrics.size() - s.kinds[kind].undeclared);
  }
  return slot;
}

void Watch::message(Slot slot, const Observed& seen) {
  State& s = *state_;
  Device& device = s.devices[slot];
  Kind& kind = s.kinds[device.kind];
  Pulse& pulse = s.pulses[slot];
  pulse.since = seen.at;
  pulse.told = 0;
  s.close_window(device, kind, seen.at);
  s.judge_rate(device, kind, seen.at);
  s.judge_refusals(device, kind, seen);
  s.judge_size(device, kind, seen);
}

std::optional<MetricId> Watch::metric(Slot slot, std::string_view name) {
  Device& device = state_->devices[slot];
  return state_->kinds[device.kind].place(name, device.taught);
}

void Watch::reading(Slot slot, MetricId which, Instant at, double value) {
  State& s = *state_;
  Device& device = s.devices[slot];
  Kind& kind = s.kinds[device.kind];
  Metric& metric = kind.metrics[which];
  Track& track = s.track(device, which);
  s.judge_range(device, track, metric, at, value);
  if (track.out_of_range > 0) return;  // told by its range; no baseline learns from it
  at = std::clamp(at, Instant{}, latest);
  // By the reading's own time, in either direction: a clock that was set starts a new window.
  Duration open = at - track.start;
  if (track.count > 0 &&
      (open >= kind.interval || open < 0ms || track.count >= window_readings_max)) {
    s.judge_drift(device, track, metric, kind, at);
    track.count = 0;
  }
  if (track.count == 0) {
    track.start = at;
    track.sum = 0;
  }
  track.sum += value;
  ++track.count;
}

void Watch::connected(Slot slot, bool here, Instant at) {
  Pulse& pulse = state_->pulses[slot];
  pulse.connected = here;
  pulse.since = std::max(pulse.since, at);
  pulse.told = 0;
}

void Watch::forget(Slot slot) {
  Device& device = state_->devices[slot];
  Device fresh;
  fresh.id = std::move(device.id);
  fresh.kind = device.kind;
  fresh.taught = device.taught;
  device = std::move(fresh);
}

void Watch::tick(Instant now) {
  State& s = *state_;
  if (now >= s.scanned && now - s.scanned < s.scan_every) return;
  s.scanned = now;
  for (Slot slot = 0; slot < s.pulses.size(); ++slot)
    if (s.pulses[slot].connected) s.judge_silence(slot, s.pulses[slot], now);
}

std::vector<Finding> Watch::take() {
  return std::exchange(state_->findings, {});
}

}  // namespace muster::watch
