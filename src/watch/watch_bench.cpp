// Observations a second over 100,000 devices whose messages interleave, as a lane sees them.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "base/random.h"
#include "watch/watch.h"

namespace muster::watch {
namespace {

constexpr int metrics = 6;
const char* const names[metrics] = {"voltage",   "current", "power",
                                    "frequency", "energy",  "temperature"};

struct Fleet {
  explicit Fleet(int size) {
    std::size_t before = mallinfo2().uordblks;
    ModelProfile profile{expect(ModelId::parse("meter")), 60s, {}};
    for (const char* name : names) profile.metrics.push_back({name, 0, 1e6});
    watch.profile(profile);
    SeededRandom random(1);
    for (int i = 0; i < size; ++i) {
      std::string id = "meter-" + std::to_string(random.next());
      slots.push_back(watch.slot(expect(DeviceId::parse(id)), profile.id));
    }
    for (std::size_t i = slots.size(); i > 1; --i) std::swap(slots[i - 1], slots[random.below(i)]);
    for (const char* name : names) ids.push_back(*watch.metric(slots.front(), name));
    round();
    bytes_a_device =
        static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(slots.size());
  }
  void round() {
    now += 60s;
    for (Slot s : slots) {
      watch.message(s, {now, 120, false});
      for (int m = 0; m < metrics; ++m)
        watch.reading(s, ids[static_cast<std::size_t>(m)], now,
                      230 + (now.time_since_epoch().count() / 60'000 + m) % 7);
    }
    watch.tick(now);
  }
  Watch watch;
  std::vector<Slot> slots;
  std::vector<MetricId> ids;
  Instant now = instant(1'790'000'000'000);
  double bytes_a_device = 0;
};

void observe(benchmark::State& state) {
  Fleet fleet(static_cast<int>(state.range(0)));
  for (auto _ : state) fleet.round();
  auto observations = state.iterations() * state.range(0) * (metrics + 1);
  state.SetItemsProcessed(observations);
  state.counters["findings"] = static_cast<double>(fleet.watch.take().size());
  state.counters["bytes_a_device"] = fleet.bytes_a_device;
}
BENCHMARK(observe)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void scan_for_silence(benchmark::State& state) {
  Fleet fleet(static_cast<int>(state.range(0)));
  for (Slot s : fleet.slots) fleet.watch.connected(s, true, fleet.now);
  for (auto _ : state) {
    fleet.watch.tick(fleet.now + 1s);
    fleet.watch.tick(fleet.now);
  }
  state.SetItemsProcessed(2 * state.iterations() * state.range(0));
}
BENCHMARK(scan_for_silence)->Arg(100'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace muster::watch
