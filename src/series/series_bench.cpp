// Points appended (with the log, crash-safe), read back and their size, with a seeded signal like
// that of meters: 2,000 devices with 4 metrics each, a reading a minute with some jitter.
// MUSTER_BENCH_DIR chooses the disk.
#include "series/series.h"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdlib>

#include "base/random.h"

using namespace muster;
using namespace muster::series;

namespace {

constexpr std::int64_t start = 1'700'000'000'000;

std::filesystem::path make_folder() {
  const char* chosen = std::getenv("MUSTER_BENCH_DIR");
  std::string name = std::string(chosen ? chosen : "/tmp") + "/muster-bench-XXXXXX";
  return ::mkdtemp(name.data());
}

class Meters {
 public:
  explicit Meters(std::size_t keys) : voltage_(keys, 230), energy_(keys, 1000), on_(keys, 0) {}
  Sample next() {
    const auto key = static_cast<Key>(turn_ % voltage_.size());
    const auto minute = static_cast<std::int64_t>(turn_++ / voltage_.size());
    const auto at = start + minute * 60'000 + static_cast<std::int64_t>(random_.below(16));
    return {key, {at, value(key)}};
  }

 private:
  double value(Key key) {
    switch (key % 4) {
      case 0:  // voltage, a tenth of a volt
        voltage_[key] += (random_.unit() - 0.5) * 0.6 + (230 - voltage_[key]) * 0.05;
        return std::round(voltage_[key] * 10) / 10;
      case 1:  // an energy counter, watt-hours
        return energy_[key] += static_cast<double>(random_.below(20));
      case 2:  // a switch
        return on_[key] = random_.below(50) ? on_[key] : 1 - on_[key];
      default:  // power, watts
        return static_cast<double>(200 + random_.below(64));
    }
  }
  std::size_t turn_ = 0;
  SeededRandom random_{42};
  std::vector<double> voltage_, energy_, on_;
};

void fill(Series& series, std::size_t keys) {
  for (std::size_t key = 0; key < keys; ++key)
    series.key("meter-" + std::to_string(key / 4), std::to_string(key % 4));
}

std::vector<Sample> signal(std::size_t keys, std::size_t points) {
  Meters meters(keys);
  std::vector<Sample> samples(points);
  for (auto& sample : samples) sample = meters.next();
  return samples;
}

// range(0): samples a batch; range(1): keys; range(2): 1 to sync the log after every batch.
void append(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  const auto keys = static_cast<std::size_t>(state.range(1));
  const auto samples = signal(keys, 10'000'000);
  const auto folder = make_folder();
  std::int64_t longest = 0;
  {
    auto series = expect(Series::open(folder));
    fill(series, keys);
    std::size_t done = 0;
    for (auto _ : state) {
      const auto before = monotonic_ns();
      expect(series.append(std::span(samples).subspan(done, batch)));
      if (state.range(2)) expect(series.sync());
      longest = std::max(longest, monotonic_ns() - before);
      done += batch;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(done));
    expect(series.flush());
    const auto bytes = static_cast<double>(series.stats().bytes_on_disk);
    state.counters["bytes_per_point"] = bytes / static_cast<double>(done);
    state.counters["longest_append_ms"] = static_cast<double>(longest) / 1e6;
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(append)->Args({1000, 8000, 0})->Iterations(10'000)->UseRealTime();
BENCHMARK(append)->Args({100, 8000, 0})->Iterations(100'000)->UseRealTime();
BENCHMARK(append)->Args({1000, 200'000, 0})->Iterations(10'000)->UseRealTime();
BENCHMARK(append)->Args({1000, 8000, 1})->Iterations(2'000)->UseRealTime();

void scan(benchmark::State& state) {
  const auto folder = make_folder();
  {
    auto series = expect(Series::open(folder));
    fill(series, 8000);
    const auto samples = signal(8000, 10'000'000);
    for (std::size_t i = 0; i < samples.size(); i += 1000)
      expect(series.append(std::span(samples).subspan(i, 1000)));
    std::size_t points = 0;
    Key key = 0;
    for (auto _ : state) {
      key = (key + 7919) % 8000;
      if (state.range(0))
        points += expect(series.range(key, Instant::min(), Instant::max())).size();
      else
        for (const auto& b : expect(series.downsample(key, instant(start), Instant::max(), 1h)))
          points += b.count;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(points));
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(scan)->ArgName("range")->Arg(1)->Arg(0)->UseRealTime();

void replay(benchmark::State& state) {
  const auto samples = signal(8000, 6'000'000);
  for (auto _ : state) {
    const auto folder = make_folder();
    auto series = expect(Series::open(folder / "first"));
    fill(series, 8000);
    for (std::size_t i = 0; i < samples.size(); i += 1000)
      expect(series.append(std::span(samples).subspan(i, 1000)));
    std::filesystem::copy(folder / "first", folder / "crashed");
    const auto before = monotonic_ns();
    expect(Series::open(folder / "crashed"));
    state.SetIterationTime(static_cast<double>(monotonic_ns() - before) / 1e9);
    std::filesystem::remove_all(folder);
  }
  state.SetItemsProcessed(6'000'000);
}
BENCHMARK(replay)->Iterations(1)->UseManualTime();

}  // namespace
