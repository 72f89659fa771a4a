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

constexpr int image_count = 10'000, packages_in_image = 200;
const ledger::Actor ann{"operator:ann", "admin"};
const ModelId meter = expect(ModelId::parse("meter"));

std::string version_of(int image) {
  return "1." + std::to_string(image) + ".0";
}

struct World {
  World() {
    expect(inventory::Inventory::open(store, ledger, clock));  // its tables
    auto& writer = store.unrecorded_writer();
    writer.write(
        "INSERT INTO inventory_model(id, revision, body)"
        " VALUES('meter', 1, '{\"risk\":\"low\",\"interval_ms\":60000,\"metrics\":[]}')");
    writer.write(
        "INSERT INTO inventory_device(id, model, state, groups, serial, firmware, since, revision)"
        " WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n WHERE i < 1999999)"
        " SELECT 'meter-' || i, 'meter', 'active', '', 'S' || i, '1.' || (i % 10000) || '.0', 0, 1"
        " FROM n");
    inventory.emplace(expect(inventory::Inventory::open(store, ledger, clock)));
    exposure.emplace(expect(Exposure::open(store, ledger, *inventory, clock)));
    for (int i = 0; i < image_count; ++i) {
      std::vector<std::string> packages{"openssl@3.0." + std::to_string(i % 20) + "-1"};
      for (int p = 1; p < packages_in_image; ++p)
        packages.push_back("package" + std::to_string(p) + "@1." + std::to_string((i + p) % 7) +
                           "-1");
      expect(exposure->put_bill(meter, version_of(i), bill(packages), ann));
    }
    expect(exposure->trust_key(
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
  std::optional<inventory::Inventory> inventory;
  std::optional<Exposure> exposure;
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
    expect(w.exposure->import(w.publisher.envelope(++w.sequence, documents, w.clock.now()),
                              documents, ann));
    w.ledger.seal();
    w.store.commit();
  }
}

void who_is_affected(benchmark::State& state) {
  auto& w = world();
  const auto documents = osv("DSA-1", "CVE-2026-1000", "openssl", "3.0.10-1", grave);
  expect(w.exposure->import(w.publisher.envelope(++w.sequence, documents, w.clock.now()), documents,
                            ann));
  std::size_t devices = 0;
  for (auto _ : state) devices = w.exposure->devices("CVE-2026-1000", "", 1'000).total;
  state.counters["devices"] = static_cast<double>(devices);
}

void what_is_urgent(benchmark::State& state) {
  auto& w = world();
  for (auto _ : state) benchmark::DoNotOptimize(w.exposure->vulnerabilities());
}

void a_bill_is_taken(benchmark::State& state) {
  auto& w = world();
  std::vector<std::string> packages;
  for (int p = 0; p < packages_in_image; ++p)
    packages.push_back("package" + std::to_string(p) + "@1.2-1");
  const auto text = bill(packages);
  for (auto _ : state) expect(w.exposure->put_bill(meter, version_of(3), text, ann));
}

}  // namespace

BENCHMARK(a_cve_is_imported)->Unit(benchmark::kMillisecond);
BENCHMARK(who_is_affected)->Unit(benchmark::kMillisecond);
BENCHMARK(what_is_urgent)->Unit(benchmark::kMillisecond);
BENCHMARK(a_bill_is_taken)->Unit(benchmark::kMillisecond);
