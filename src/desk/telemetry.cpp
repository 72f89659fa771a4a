#include "desk/telemetry.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/log.h"

namespace muster::desk {
namespace {

constexpr std::size_t metrics_a_device_max = 64;
constexpr Duration watch_every = 250ms;
constexpr Duration retention_every = 1h;
constexpr Duration told_late_max = 1h;  // after a device was let back in

std::string_view name_of(const link::Batch& batch, const link::Reading& reading) {
  return std::string_view(batch.names).substr(reading.name_at, reading.name_size);
}

}  // namespace

// One thread with its history and its detectors. Work is queued under the mutex; all else belongs
// to the thread.
class Telemetry::Lane {
 public:
  using Work = std::move_only_function<void(Lane&)>;

  Lane(unsigned number, unsigned count, series::Series series, const TelemetrySettings& settings,
       const Clock& clock, std::function<void(std::vector<watch::Finding>)> found)
      : number_(number),
        count_(count),
        settings_(settings),
        clock_(clock),
        found_(std::move(found)),
        series_(std::move(series)),
        watch_(settings.watch),
        thread_([this] { run(); }) {}

  ~Lane() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  // What is not urgent is done with the next batch, or within watch_every: a storm of connections
  // does not cost a switch of threads for each.
  void post(Work work, bool urgent = true) {
    bool wake = false;
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
      wake = urgent && std::exchange(asleep_, false);
    }
    if (wake) wake_.notify_one();
  }

  // False when the lane is full: both are left as they were.
  bool offer(link::Batch& batch, link::Kept& kept) {
    bool wake = false;
    {
      std::lock_guard lock(mutex_);
      if (waiting_ >= settings_.queue_max) return false;
      ++waiting_;
      queue_.push_back(
          [b = std::move(batch), k = std::move(kept)](Lane& lane) mutable { lane.keep(b, k); });
      wake = std::exchange(asleep_, false);
    }
    if (wake) wake_.notify_one();
    return true;
  }

  std::uint32_t slot(const DeviceId& device, const ModelId& model) {
    std::lock_guard lock(slots_mutex_);
    auto [at, added] = slots_.try_emplace(device, static_cast<std::uint32_t>(slots_.size()));
    std::uint32_t local = at->second;
    if (added)
      post([local, device, model](Lane& lane) { lane.admit(local, device, model); }, false);
    return local * count_ + number_;
  }

  void keep(link::Batch& batch, link::Kept& kept);
  void connected(std::uint32_t local, bool here) {
    watch_.connected(known_[local].slot, here, clock_.now());
  }
  void profile(const watch::ModelProfile& profile) { watch_.profile(profile); }
  void forget(const DeviceId& device);
  std::vector<MetricNow> metrics(const DeviceId&);
  Result<History> history(const DeviceId&, std::string_view metric, Instant from, Instant to,
                          std::size_t points);

  std::atomic<std::uint64_t> messages{0}, readings{0}, refused{0}, findings{0}, batches{0},
      rejected{0};

 private:
  struct Metric {
    std::string name;
    series::Key key = 0;
    std::optional<watch::MetricId> id = {};  // once the watch has a place for it
  };
  struct Known {
    DeviceId device;
    watch::Slot slot = 0;  // in watch_
    std::vector<Metric> metrics;
    std::uint16_t hint = 0;  // the metric whose turn it is, if the device keeps its order
    Instant anew{};          // when it was last let back in
  };
  static constexpr std::uint16_t not_kept = UINT16_MAX;

  void run();
  void admit(std::uint32_t local, const DeviceId& device, const ModelId& model) {
    if (known_.size() <= local) known_.resize(local + 1);
    Known& known = known_[local];
    known.device = device;
    for (std::string& name : series_.metrics(device.text())) {  // from before a restart
      const series::Key key = series_.key(device.text(), name);
      known.metrics.push_back({std::move(name), key});
    }
    known.slot = watch_.slot(device, model);
    if (auto released = anew_.extract(device)) known.anew = released.mapped();
  }
  std::uint16_t place(Known& known, std::string_view name);  // in metrics; makes it on first use
  void observe(const link::Batch& batch);
  std::optional<watch::MetricId> id_of(Known& known, const link::Batch& batch, std::uint32_t i);
  void upkeep();

  const unsigned number_, count_;
  const TelemetrySettings settings_;
  const Clock& clock_;
  std::function<void(std::vector<watch::Finding>)> found_;

  series::Series series_;
  watch::Watch watch_;
  std::vector<Known> known_;                    // by local slot
  std::unordered_map<DeviceId, Instant> anew_;  // of devices without a slot yet
  // of the running batch
  std::vector<series::Sample> samples_;
  std::vector<std::uint16_t> places_;  // of each reading, in its device's metrics; or not_kept
  bool unsynced_ = false;
  Instant synced_{}, watched_at_{}, pruned_{};

  std::mutex slots_mutex_;
  std::unordered_map<DeviceId, std::uint32_t> slots_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Work> queue_;
  std::size_t waiting_ = 0;  // batches in the queue
  bool stopping_ = false;
  bool asleep_ = false;  // whoever has something urgent wakes the thread, once
  std::thread thread_;
};

void Telemetry::Lane::run() {
  std::vector<Work> taken;
  for (bool ending = false; !ending;) {
    {
      std::unique_lock lock(mutex_);
      if (queue_.empty() && !stopping_) {
        asleep_ = true;
        wake_.wait_for(lock, watch_every);
        asleep_ = false;
      }
      taken.swap(queue_);
      waiting_ = 0;
      ending = stopping_ && taken.empty();
    }
    for (Work& work : taken) work(*this);
    taken.clear();
    upkeep();
  }
  if (auto flushed = series_.flush(); !flushed)
    log::error("telemetry", "history could not be flushed", {{"why", flushed.error().message}});
}

std::uint16_t Telemetry::Lane::place(Known& known, std::string_view name) {
  auto& metrics = known.metrics;
  if (known.hint >= metrics.size()) known.hint = 0;
  if (known.hint < metrics.size() && metrics[known.hint].name == name) return known.hint++;
  const auto at = std::ranges::find(metrics, name, &Metric::name);
  const auto found = static_cast<std::uint16_t>(at - metrics.begin());
  if (at == metrics.end()) {
    if (metrics.size() >= metrics_a_device_max) return not_kept;
    metrics.push_back({std::string(name), series_.key(known.device.text(), name)});
  }
  known.hint = static_cast<std::uint16_t>(found + 1);
  return found;
}

// Log first, then the detectors, then the acknowledgement, which gives the batch away: an
// acknowledged reading is never lost.
void Telemetry::Lane::keep(link::Batch& batch, link::Kept& kept) {
  samples_.clear();
  places_.assign(batch.readings.size(), not_kept);
  for (const link::Message& message : batch.messages) {
    Known& known = known_[message.slot / count_];
    for (std::uint32_t i = message.first; i < message.first + message.count; ++i) {
      const link::Reading& reading = batch.readings[i];
      places_[i] = place(known, name_of(batch, reading));
      if (places_[i] == not_kept) continue;  // a 65th metric
      samples_.push_back({known.metrics[places_[i]].key, {reading.at, reading.value}});
    }
  }
  Result<void> done = samples_.empty() ? Result<void>{} : series_.append(samples_);
  if (done && settings_.sync == 0ms && !samples_.empty()) done = series_.sync();
  unsynced_ = unsynced_ || !samples_.empty();
  if (done) {
    observe(batch);
    messages += batch.messages.size();
    readings += samples_.size();
    ++batches;
  }
  kept(std::move(done), std::move(batch));
}

void Telemetry::Lane::observe(const link::Batch& batch) {
  for (const link::Message& message : batch.messages) {
    Known& known = known_[message.slot / count_];
    watch_.message(known.slot, {batch.received, message.bytes, message.refused});
    if (message.refused) ++refused;
    for (std::uint32_t i = message.first; i < message.first + message.count; ++i) {
      const link::Reading& reading = batch.readings[i];
      // What it measured before it was let back in, and delivers now, was judged by who let it in.
      if (instant(reading.at) < known.anew && batch.received < known.anew + told_late_max) continue;
      if (const auto id = id_of(known, batch, i))
        watch_.reading(known.slot, *id, instant(reading.at), reading.value);
    }
  }
}

// A metric that is not kept may be watched all the same: its model can declare more than 64.
std::optional<watch::MetricId> Telemetry::Lane::id_of(Known& known, const link::Batch& batch,
                                                      std::uint32_t i) {
  if (places_[i] == not_kept) return watch_.metric(known.slot, name_of(batch, batch.readings[i]));
  Metric& metric = known.metrics[places_[i]];
  if (!metric.id) metric.id = watch_.metric(known.slot, metric.name);
  return metric.id;
}

void Telemetry::Lane::upkeep() {
  Instant now = clock_.now();
  if (unsynced_ && settings_.sync > 0ms && now - synced_ >= settings_.sync) {
    if (auto synced = series_.sync(); !synced)
      log::error("telemetry", "the log could not be synced", {{"why", synced.error().message}});
    unsynced_ = false;
    synced_ = now;
  }
  if (settings_.retention > 0ms && now - pruned_ >= retention_every) {
    if (auto dropped = series_.forget_before(now - settings_.retention); !dropped)
      log::error("telemetry", "old points could not be dropped",
                 {{"why", dropped.error().message}});
    pruned_ = now;
  }
  if (now - watched_at_ >= watch_every) {
    watch_.tick(now);
    watched_at_ = now;
  }
  if (auto news = watch_.take(); !news.empty()) {
    findings += news.size();
    found_(std::move(news));
  }
}

void Telemetry::Lane::forget(const DeviceId& device) {
  const auto local = [&]() -> std::uint32_t {
    std::lock_guard lock(slots_mutex_);
    auto at = slots_.find(device);
    return at == slots_.end() ? UINT32_MAX : at->second;
  }();
  if (local >= known_.size() || known_[local].device != device) {  // not admitted yet
    anew_[device] = clock_.now();
    return;
  }
  known_[local].anew = clock_.now();
  watch_.forget(known_[local].slot);
}

std::vector<MetricNow> Telemetry::Lane::metrics(const DeviceId& device) {
  std::vector<MetricNow> out;
  for (const std::string& name : series_.metrics(device.text())) {
    const auto last = series_.latest(series_.key(device.text(), name));
    if (!last)
      log::error("telemetry", "a metric's last point cannot be read",
                 {{"device", device.text()}, {"metric", name}, {"why", last.error().message}});
    else if (*last)
      out.push_back({name, **last});
  }
  return out;
}

Result<History> Telemetry::Lane::history(const DeviceId& device, std::string_view name,
                                         Instant from, Instant to, std::size_t points) {
  auto names = series_.metrics(device.text());
  if (std::ranges::find(names, name) == names.end())
    return fail(Fault::missing, "this device has not reported such a metric", "metric");
  Duration step((to - from).count() / static_cast<std::int64_t>(points) + 1);
  TRY(auto buckets, series_.downsample(series_.key(device.text(), name), from, to, step));
  return History{step, std::move(buckets)};
}

Result<std::unique_ptr<Telemetry>> Telemetry::open(
    const std::filesystem::path& folder, TelemetrySettings settings, const Clock& clock,
    std::function<void(std::vector<watch::Finding>)> found) {
  std::error_code ec;
  unsigned count = 0;
  while (std::filesystem::is_directory(folder / ("lane-" + std::to_string(count)), ec)) ++count;
  if (ec && ec != std::errc::no_such_file_or_directory)
    return fail(Fault::unavailable, "cannot look into " + folder.string() + ": " + ec.message());
  if (count == 0) count = std::clamp(settings.lanes, 1U, 64U);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (unsigned n = 0; n < count; ++n) {
    auto place = folder / ("lane-" + std::to_string(n));
    std::filesystem::create_directories(place, ec);
    if (ec) return fail(Fault::unavailable, "cannot make " + place.string() + ": " + ec.message());
    TRY(auto series, series::Series::open(place));
    lanes.push_back(std::make_unique<Lane>(n, count, std::move(series), settings, clock, found));
  }
  return std::unique_ptr<Telemetry>(new Telemetry(std::move(lanes)));
}

Telemetry::Telemetry(std::vector<std::unique_ptr<Lane>> lanes) : lanes_(std::move(lanes)) {}
Telemetry::~Telemetry() = default;

Telemetry::Lane& Telemetry::lane_of(const DeviceId& device) const {
  std::uint32_t hash =
      2166136261;  // FNV-1a: the same on every machine, since it decides where history lies
  for (char c : device.text()) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619;
  return *lanes_[hash % lanes_.size()];
}

unsigned Telemetry::lanes() const {
  return static_cast<unsigned>(lanes_.size());
}

std::uint32_t Telemetry::slot(const DeviceId& device, const ModelId& model) {
  return lane_of(device).slot(device, model);
}

void Telemetry::take(unsigned lane, link::Batch batch, link::Kept kept) {
  if (lanes_[lane]->offer(batch, kept)) return;
  ++lanes_[lane]->rejected;
  kept(fail(Fault::exhausted, "the telemetry queue is full"), std::move(batch));
}

void Telemetry::connected(std::uint32_t slot, bool here) {
  lanes_[slot % lanes_.size()]->post(
      [local = slot / lanes(), here](Lane& lane) { lane.connected(local, here); }, false);
}

void Telemetry::profile(watch::ModelProfile profile) {
  for (auto& lane : lanes_) lane->post([profile](Lane& l) { l.profile(profile); });
}

void Telemetry::forget(const DeviceId& device) {
  lane_of(device).post([device](Lane& lane) { lane.forget(device); });
}

void Telemetry::metrics(const DeviceId& device,
                        std::move_only_function<void(std::vector<MetricNow>)> answer) {
  lane_of(device).post(
      [device, answer = std::move(answer)](Lane& lane) mutable { answer(lane.metrics(device)); });
}

void Telemetry::history(const DeviceId& device, std::string metric, Instant from, Instant to,
                        std::size_t points, std::move_only_function<void(Result<History>)> answer) {
  lane_of(device).post(
      [=, metric = std::move(metric), answer = std::move(answer)](Lane& lane) mutable {
        answer(lane.history(device, metric, from, to, points));
      });
}

Telemetry::Totals Telemetry::totals() const {
  Totals sum;
  for (const auto& lane : lanes_) {
    sum.messages += lane->messages;
    sum.readings += lane->readings;
    sum.refused += lane->refused;
    sum.findings += lane->findings;
    sum.batches += lane->batches;
    sum.rejected += lane->rejected;
  }
  return sum;
}

}  // namespace muster::desk
