// Entries recorded durably per second (record, seal, commit with synchronous=FULL), by entries a
// commit; proofs and full verification. See store_bench for what an fsync costs on the same disk.
#include "ledger/ledger.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "base/random.h"

using namespace muster;

namespace {

struct Bench {
  static std::filesystem::path make_folder() {
    const char* chosen = std::getenv("MUSTER_BENCH_DIR");
    std::string name = std::string(chosen ? chosen : "/tmp") + "/muster-bench-XXXXXX";
    return ::mkdtemp(name.data());
  }
  ~Bench() { std::filesystem::remove_all(folder); }
  void record(std::int64_t count) {
    for (; count > 0; --count)
      ledger.record(
          {.actor = {"operator:alice", "operator"},
           .action = "device.changed",
           .target = "device/meter-" + std::to_string(ledger.size() % 100'000),
           .detail = wire::Json::object({{"groups", wire::Json::array({"north", "pilot"})},
                                         {"risk", "high"},
                                         {"revision", ledger.size()}}),
           .reason = "moved to the pilot"});
    ledger.seal();
    store.commit();
  }

  std::filesystem::path folder = make_folder();
  SystemClock clock;
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  store::Store store = expect(store::Store::open(folder / "bench.db"));
  ledger::Ledger ledger = expect(ledger::Ledger::open(store, key, clock, "bench"));
};

void record_in_batches(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) bench.record(state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(record_in_batches)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

void prove_inclusion(benchmark::State& state) {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.record(1000);
  SeededRandom random(1);
  for (auto _ : state)
    benchmark::DoNotOptimize(expect(bench.ledger.inclusion(random.below(200'000), 200'000)));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(prove_inclusion);

void verify_all(benchmark::State& state) {
  Bench bench;
  for (int i = 0; i < 100; ++i) bench.record(1000);
  for (auto _ : state) expect(bench.ledger.verify_all());
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(verify_all)->Iterations(1);

}  // namespace
