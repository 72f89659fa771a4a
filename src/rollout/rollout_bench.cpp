// On disk, each commit synced: what the domain's thread pays.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "rollout/internal/test_world.h"

using namespace muster;
using namespace muster::rollout;

namespace {

constexpr int fleet = 100'000;
const std::vector<Wave> all_at_once{{.share_permille = 1000, .tolerance_permille = 1000}};

void StartOf100000(benchmark::State& state) {
  World world({.devices = fleet, .on_disk = true});
  for (auto _ : state) {
    world.start(all_at_once);
    world.commit();
  }
}
BENCHMARK(StartOf100000)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

// Each device asks, then reports; so many in one commit.
void OffersAndReports(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  World world({.devices = fleet, .on_disk = true});
  world.start(all_at_once);
  world.commit();
  std::size_t next = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i) {
      const auto& d = world.devices[next++ % world.devices.size()];
      benchmark::DoNotOptimize(world.rollouts->offer(d));
      expect(world.rollouts->report(d, world.wanted, Outcome::installed, ""));
    }
    world.commit();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(next));
}
BENCHMARK(OffersAndReports)->Arg(1)->Iterations(200)->UseRealTime();
BENCHMARK(OffersAndReports)->Arg(256)->Iterations(300)->UseRealTime();

void HaltOf100000ThatTookIt(benchmark::State& state) {
  World world({.devices = fleet, .on_disk = true});
  const auto id = world.start(all_at_once);
  world.everybody_asks();
  world.commit();
  for (auto _ : state) {
    expect(world.rollouts->halt(id, world.alice, "smoke"));
    world.commit();
  }
}
BENCHMARK(HaltOf100000ThatTookIt)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

void TickWithNothingToDo(benchmark::State& state) {
  World world({.devices = fleet});
  world.start(all_at_once);
  for (auto _ : state) world.rollouts->tick();
}
BENCHMARK(TickWithNothingToDo);

void Restart(benchmark::State& state) {
  World world({.devices = fleet, .on_disk = true});
  world.start(all_at_once);
  world.everybody_asks();
  world.commit();
  for (auto _ : state) {
    world.rollouts.reset();
    world.rollouts.emplace(expect(Rollouts::open(*world.store, *world.ledger, *world.inventory,
                                                 *world.releases, world.clock, world.random)));
  }
}
BENCHMARK(Restart)->Unit(benchmark::kMillisecond)->Iterations(3)->UseRealTime();

std::size_t heap() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double ms_of(auto&& what) {
  const auto from = monotonic_ns();
  what();
  return static_cast<double>(monotonic_ns() - from) / 1e6;
}

// What planning a million takes, what starting does, and the memory that the rollout then holds:
// with a gate, limits, and a draw in proportion.
void AMillion(benchmark::State& state) {
  World world({.devices = 1'000'000, .on_disk = true});
  auto plan = world.plan({{.share_permille = 10}, {.share_permille = 1000}});
  plan.gate = Gate{};
  plan.spread = {"firmware", "site"};
  for (auto _ : state) {
    const auto before = heap();
    state.counters["plan_ms"] = ms_of([&] { expect(world.rollouts->preview(plan)); });
    state.counters["start_ms"] = ms_of([&] { expect(world.rollouts->start(plan, world.alice)); });
    state.counters["commit_ms"] = ms_of([&] { world.commit(); });
    state.counters["heap_MB"] = static_cast<double>(heap() - before) / 1e6;
    state.counters["tick_ms"] = ms_of([&] { world.rollouts->tick(); });
  }
}
BENCHMARK(AMillion)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();

// What devices report of an offer made, under a gate; a thousand in one commit.
void DurableReports(benchmark::State& state) {
  constexpr std::size_t batch = 1'000;
  World world({.devices = fleet, .on_disk = true});
  auto plan = world.plan(all_at_once);
  plan.gate = Gate{.control_permille = 0};
  expect(world.rollouts->start(plan, world.alice));
  world.everybody_asks();
  world.commit();
  std::size_t next = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i)
      expect(world.rollouts->report(world.devices[next++], world.wanted, Outcome::installed, ""));
    world.commit();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(next));
}
BENCHMARK(DurableReports)->Iterations(fleet / 1'000)->UseRealTime();

}  // namespace
