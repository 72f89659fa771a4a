// desk/telemetry -- keeps readings and watches behaviour, beside the domain and not behind it.
//
// Each lane is one thread that owns one Series (history) and one Watch (detectors) for its hash
// range of the devices: it takes batches from the gateways, writes them to the series' log, feeds
// the detectors, says `kept`, and hands findings to the domain through the Desk. A slow domain
// never delays a reading. How many lanes there are is fixed when the folder is made.
//
// Any thread. Time comes from the Clock and from the readings.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "desk/desk.h"
#include "link/link.h"
#include "series/series.h"
#include "watch/watch.h"

namespace muster::desk {

struct TelemetrySettings {
  unsigned lanes = 1;  // of a new folder; 1 to 64
  Duration sync = 1s;  // how often the log is forced to disk; 0: before each batch is acknowledged
  Duration retention = 90 * 24h;  // older points are dropped; 0: never
  std::size_t queue_max =
      256;  // batches a lane may have waiting; beyond it a batch is refused (exhausted)
  watch::Settings watch = {};
};

struct MetricNow {
  std::string name;
  series::Point last;
};
struct History {
  Duration step{0};
  std::vector<series::Bucket> buckets;
};

class Telemetry final : public link::Telemetry {
 public:
  static Result<std::unique_ptr<Telemetry>> open(
      const std::filesystem::path& folder, TelemetrySettings, const Clock&,
      std::function<void(std::vector<watch::Finding>)> found);
  ~Telemetry() override;  // stops: what was taken is kept

  unsigned lanes() const override;
  std::uint32_t slot(const DeviceId&, const ModelId&) override;
  void take(unsigned lane, link::Batch, link::Kept) override;
  void connected(std::uint32_t slot, bool) override;

  void profile(watch::ModelProfile);  // a new or changed model
  // Its baselines start anew, and what it measured before now and delivers within an hour is kept
  // but not judged.
  void forget(const DeviceId&);
  void metrics(const DeviceId&, std::move_only_function<void(std::vector<MetricNow>)>);
  // [from, to) in at most `points` buckets.
  void history(const DeviceId&, std::string metric, Instant from, Instant to, std::size_t points,
               std::move_only_function<void(Result<History>)>);

  struct Totals {
    std::uint64_t messages = 0, readings = 0, refused = 0, findings = 0, batches = 0, rejected = 0;
  };
  Totals totals() const;

 private:
  class Lane;
  explicit Telemetry(std::vector<std::unique_ptr<Lane>>);
  Lane& lane_of(const DeviceId&) const;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace muster::desk
