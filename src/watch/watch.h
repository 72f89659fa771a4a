// watch -- sees that a device does not behave like itself or like its kind, and says why; it acts
// on nothing.
//
// Features of a device, over windows of its model's reporting interval: message rate, message size,
// refused topics, values outside the declared range or far from the device's own or its model's
// baseline, and silence. Each finding explains itself: feature, value, expected band. A feature
// rests after a finding until it is clearly worse or has been normal.
//
// Floods and bursts. A device that was away delivers what it buffered, up to 64 messages at once.
// So message rate is a leaky bucket that lets out rate_factor messages per interval and holds 64:
// a burst fits, however it is timed, and a flood overflows it (64 messages + what leaked) after at
// most 64 / (rate - allowed) intervals, judged at every message. A second bucket, four times as
// wide open and half as deep again, tells critical from high. Reconnecting empties neither: a
// reconnect loop that sends 60 messages each time is a flood.
//
// Baselines. Each metric of a device has a mean, a mean absolute deviation and an envelope that
// follow it slowly, learnt from windows and deaf to single outliers; each metric of a model has
// the same over all its devices. A value drifts when five windows in a row lie outside its own
// band and its model's, or far outside its model's where it once was at home.
//
// A Watch is plain values on one thread (a telemetry worker owns one per hash range); time is the
// events' own plus the `now` passed in, and the same calls give the same findings. O(1) and no
// allocation per observation once a device and its metrics are known. What a device may grow is
// bounded: it can teach its model 16 metrics that the model does not declare, the model learns 64.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace muster::watch {

enum class Severity { low, moderate, high, critical };
const char* name_of(Severity);

struct Finding {
  DeviceId device;
  std::string feature;  // "message-rate", "message-size", "topic-refusals", "value-range",
                        // "value-drift", "silence"
  std::string metric;   // for values
  double value = 0, low = 0, high = 0;  // seen, and the band expected
  Severity severity = Severity::low;
  Instant at;
  std::string words;  // one sentence for a person
};

struct MetricProfile {
  std::string name;
  std::optional<double> min, max;
};
struct ModelProfile {  // what watch needs of a model; pushed when it changes
  ModelId id;
  Duration interval = 60s;
  std::vector<MetricProfile> metrics;
};

struct Settings {
  int warmup_windows = 10;  // before a device's own baseline counts
  double rate_factor = 8;   // times the expected rate that is high; critical at four times that
  int out_of_range_in_a_row = 3;
  int refusals_per_window = 5;           // a window of refusals lasts at least 10 s
  int silent_intervals = 5;              // low; moderate at three times that
  std::size_t message_bytes_factor = 8;  // times the usual size; messages below 1 KiB never count
};

struct Observed {  // one message of a device
  Instant at;      // when it arrived
  std::size_t bytes = 0;
  bool refused = false;  // a topic outside its subtree
};

using Slot = std::uint32_t;      // a device, as this Watch numbers it
using MetricId = std::uint16_t;  // a metric of its model; good for as long as the device has that

class Watch {
 public:
  explicit Watch(Settings = {});
  Watch(Watch&&) noexcept;
  ~Watch();

  void profile(const ModelProfile&);           // new or changed
  Slot slot(const DeviceId&, const ModelId&);  // makes it on first use
  void message(Slot, const Observed&);
  // None while neither is it declared nor may this device teach it to its model: ask again.
  std::optional<MetricId> metric(Slot, std::string_view name);
  void reading(Slot, MetricId, Instant at, double value);
  void connected(Slot, bool, Instant);  // silence is judged of connected devices only
  void forget(Slot);            // baselines of a device that was patched or retired start anew
  void tick(Instant now);       // closes windows, judges silence
  std::vector<Finding> take();  // findings since the last call

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::watch
