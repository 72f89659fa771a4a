// Durable commands per second through the desk: device edits, each with its row and its ledger
// entry, asked by a door that has so many in flight, answered after the commit (synchronous=FULL).
// See store_bench for what an fsync costs on the same disk. MUSTER_BENCH_DIR chooses the disk.
#include "desk/desk.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <semaphore>
#include <thread>

#include "desk/test_whole_domain.h"

using namespace muster;

namespace {

constexpr int devices = 10'000, commands = 20'000;

std::string place() {
  const char* chosen = std::getenv("MUSTER_BENCH_DIR");
  return chosen ? chosen : "/tmp";
}

struct Controller {
  desk::testing::Folder folder{place()};
  SystemClock clock;
  SystemRandom random;
  desk::testing::Keys keys{clock.now()};
  desk::testing::WholeDomain whole{folder.path, keys, keys.ledger, clock, random};
  desk::Desk desk{whole.domain, whole.issuer, clock};
};

DeviceId device(int n) {
  return expect(DeviceId::parse("meter-" + std::to_string(n % devices)));
}

Result<bool> edit(desk::Domain& domain, int n) {
  inventory::DeviceEdit change{.groups = {{"street-" + std::to_string(n / devices % 100)}}};
  TRY_VOID(domain.inventory.edit(device(n), std::move(change), {"operator:alice", "operator"}));
  return true;
}

void edits_in_flight(benchmark::State& state) {
  Controller c;
  for (int n = 0; n < devices; ++n)
    expect(c.whole.identity.expect({.id = device(n), .model = expect(ModelId::parse("meter"))},
                                   {"operator:alice", "operator"}));
  c.whole.ledger.seal();
  c.whole.store.commit();
  std::thread domain([&] { expect(c.desk.run()); });
  const auto window = state.range(0);
  int next = 0;
  for (auto _ : state) {
    std::counting_semaphore<> room(window);
    for (int i = 0; i < commands; ++i, ++next) {
      room.acquire();
      c.desk.ask<bool>([n = next](desk::Domain& d) { return edit(d, n); },
                       [&room](Result<bool> done) {
                         expect(std::move(done));
                         room.release();
                       });
    }
    for (auto i = window; i > 0; --i) room.acquire();
  }
  c.desk.stop();
  domain.join();
  const auto load = c.desk.load();
  state.SetItemsProcessed(state.iterations() * commands);
  state.counters["batch"] = static_cast<double>(load.questions) / static_cast<double>(load.turns);
}
BENCHMARK(edits_in_flight)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
