// A fleet of 10,000 images and 1,000,000 devices: how long it takes to take a bill, to learn of a
// vulnerability in all images, and to tell whom it affects.
#include <benchmark/benchmark.h>

#include "base/test_folder.h"
#include "exposure/exposure.h"
#include "exposure/test_bundle.h"

using namespace muster;
using namespace muster::exposure;
using namespace muster::exposure::testing;

namespace {

constexpr int image_count = 10'000, device_count = 1'000'000, packages_in_image = 200;
const ledger::Actor ann{"operator:ann", "admin"};
const ModelId meter = expect(ModelId::parse("meter"));

std::string version_of(int image) {
  return "1." + std::to_string(image) + ".0";
}

struct World {
  World() {
    for (int i = 0; i < image_count; ++i) {
      std::vector<std::string> packages{"openssl@3.0." + std::to_string(i % 20) + "-1"};
      for (int p = 1; p < packages_in_image; ++p)
        packages.push_back("package" + std::to_string(p) + "@1." + std::to_string((i + p) % 7) +
                           "-1");
      if (i == 0) expect(inventory.put_model({.id = meter}, ann));
      expect(exposure.put_bill(meter, version_of(i), bill(packages), ann));
    }
    for (int i = 0; i < device_count; ++i) {
      const auto id = expect(DeviceId::parse("m-" + std::to_string(i)));
      expect(inventory.expect({.id = id, .model = meter}, ann));
      expect(inventory.activate(id, ann));
      expect(inventory.reported(id, version_of(i % image_count), "", {}));
    }
    expect(exposure.trust_key(
        "debian", expect(crypto::PublicKey::from_pem(publisher.key.public_key().pem())), ann));
    ledger.seal();
    store.commit();
  }
  TestFolder folder{in_memory()};
  ManualClock clock{instant(1'795'000'000'000)};
  Publisher publisher;
  std::uint64_t sequence = 0;
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  store::Store store = expect(store::Store::open(folder.path / "muster.db"));
  ledger::Ledger ledger = expect(ledger::Ledger::open(store, key, clock, "muster.bench/ledger"));
  inventory::Inventory inventory = expect(inventory::Inventory::open(store, ledger, clock));
  Exposure exposure = expect(Exposure::open(store, ledger, inventory, clock));
};

World& world() {
  static World w;
  return w;
}

// Half of the images turn out to be vulnerable, and then not: each import moves 5,000 findings.
void a_cve_is_imported(benchmark::State& state) {
  auto& w = world();
  bool grown = false;
  for (auto _ : state) {
    grown = !grown;
    const auto documents =
        osv("DSA-1", "CVE-2026-1000", "openssl", grown ? "3.0.10-1" : "0", grave);
    expect(w.exposure.import(w.publisher.envelope(++w.sequence, documents, w.clock.now()),
                             documents, ann));
    w.ledger.seal();
    w.store.commit();
  }
}

void who_is_affected(benchmark::State& state) {
  auto& w = world();
  const auto documents = osv("DSA-1", "CVE-2026-1000", "openssl", "3.0.10-1", grave);
  expect(w.exposure.import(w.publisher.envelope(++w.sequence, documents, w.clock.now()), documents,
                           ann));
  std::size_t devices = 0;
  for (auto _ : state) devices = w.exposure.devices("CVE-2026-1000", "", 1'000).total;
  state.counters["devices"] = static_cast<double>(devices);
}

void what_is_urgent(benchmark::State& state) {
  auto& w = world();
  for (auto _ : state) benchmark::DoNotOptimize(w.exposure.vulnerabilities());
}

void a_bill_is_taken(benchmark::State& state) {
  auto& w = world();
  std::vector<std::string> packages;
  for (int p = 0; p < packages_in_image; ++p)
    packages.push_back("package" + std::to_string(p) + "@1.2-1");
  const auto text = bill(packages);
  for (auto _ : state) expect(w.exposure.put_bill(meter, version_of(3), text, ann));
}

}  // namespace

BENCHMARK(a_cve_is_imported)->Unit(benchmark::kMillisecond);
BENCHMARK(who_is_affected)->Unit(benchmark::kMillisecond);
BENCHMARK(what_is_urgent)->Unit(benchmark::kMillisecond);
BENCHMARK(a_bill_is_taken)->Unit(benchmark::kMillisecond);
