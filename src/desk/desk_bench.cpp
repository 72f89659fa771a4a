// Durable commands per second through the desk: device edits, each with its row and its ledger
// entry, asked by a door that has so many in flight, answered after the commit (synchronous=FULL).
// See store_bench for what an fsync costs on the same disk. MUSTER_BENCH_DIR chooses the disk.
#include "desk/desk.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <semaphore>
#include <thread>

using namespace muster;

namespace {

constexpr int devices = 10'000, commands = 20'000;

std::filesystem::path make_folder() {
  const char* chosen = std::getenv("MUSTER_BENCH_DIR");
  std::string name = std::string(chosen ? chosen : "/tmp") + "/muster-bench-XXXXXX";
  return ::mkdtemp(name.data());
}

struct Authority {  // self-signed: nothing is issued here
  explicit Authority(const Clock& clock) {
    const Instant now = clock.now();
    const auto der = expect(crypto::issue({.use = crypto::Use::root_ca,
                                           .common_name = "bench",
                                           .not_before = now - 1h,
                                           .not_after = now + 24h},
                                          key.public_key(), {1}, nullptr, key));
    chain.push_back(expect(crypto::parse_certificate(der)));
  }
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  std::vector<crypto::Certificate> chain;
};

struct Controller {
  ~Controller() { std::filesystem::remove_all(folder); }

  std::filesystem::path folder = make_folder();
  SystemClock clock;
  SystemRandom random;
  Authority ca{clock};
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  store::Store store = expect(store::Store::open(folder / "muster.db"));
  ledger::Ledger ledger = expect(ledger::Ledger::open(store, key, clock, "bench"));
  inventory::Inventory inventory = expect(inventory::Inventory::open(store, ledger, clock));
  identity::Identity identity =
      expect(identity::Identity::open(store, ledger, inventory, {ca.chain, ca.key}, clock, random));
  release::Releases releases =
      expect(release::Releases::open(store, ledger, folder / "artifacts", key, clock));
  rollout::Rollouts rollouts =
      expect(rollout::Rollouts::open(store, ledger, inventory, releases, clock, random));
  segment::Segment segment = expect(segment::Segment::open(store, ledger, inventory, clock));
  response::Response response =
      expect(response::Response::open(store, ledger, inventory, segment, clock, random));
  desk::Domain domain{store, ledger, inventory, identity, releases, rollouts, segment, response};
  desk::Desk desk{domain, clock};
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
    expect(c.identity.expect({.id = device(n), .model = expect(ModelId::parse("meter"))},
                             {"operator:alice", "operator"}));
  c.ledger.seal();
  c.store.commit();
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
