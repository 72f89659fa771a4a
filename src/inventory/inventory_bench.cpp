#include <benchmark/benchmark.h>

#include "inventory/internal/test_world.h"

using namespace muster;
using namespace muster::inventory;

namespace {

constexpr int fleet = 100'000;

std::string id_of(std::int64_t i) {
  return "meter-" + std::to_string(1'000'000 + i);
}

// One fleet for all figures below; filling it is no part of them.
World& filled() {
  static World w;
  if (w.inventory->counts().total) return w;
  for (int i = 0; i < fleet; ++i) {
    expect(w.inventory->expect({.id = device_id(id_of(i)),
                                .model = model_id("meter"),
                                .groups = {"north"},
                                .serial = "S" + std::to_string(i)},
                               alice()));
    expect(w.inventory->activate(device_id(id_of(i)), alice()));
    expect(w.inventory->reported(device_id(id_of(i)), i % 3 ? "1.0.0" : "1.1.0", "", {}));
    if (i % 5000 == 4999) w.commit();
  }
  return w;
}

void load_100k_devices(benchmark::State& state) {
  auto& w = filled();
  w.commit();
  for (auto _ : state)
    benchmark::DoNotOptimize(expect(Inventory::open(*w.store, *w.ledger, w.clock)));
  state.SetItemsProcessed(state.iterations() * fleet);
}
BENCHMARK(load_100k_devices)->Unit(benchmark::kMillisecond);

void load_1m_devices(benchmark::State& state) {  // in less than 10 s
  World w;
  auto& writer = w.store->unrecorded_writer();
  writer.write(
      "INSERT INTO inventory_model(id, revision, body)"
      " VALUES('meter', 1, '{\"risk\":\"low\",\"interval_ms\":60000,\"metrics\":[]}')");
  writer.write(
      "INSERT INTO inventory_device(id, model, state, groups, serial, firmware, desired, since,"
      " revision)"
      " WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n WHERE i < 1999999)"
      " SELECT 'meter-' || i, 'meter', 'active', 'north,pilot', 'S' || i, '1.0.0',"
      " '{\"interval\":60}', 0, 1 FROM n");
  writer.write("INSERT INTO inventory_contact(id, last_seen) SELECT id, 0 FROM inventory_device");
  w.commit();
  for (auto _ : state) {
    w.inventory.reset();
    w.inventory.emplace(expect(Inventory::open(*w.store, *w.ledger, w.clock)));
  }
  if (w.inventory->counts().total != 1'000'000) state.SkipWithError("devices are missing");
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(load_1m_devices)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();

void select_of_100k(benchmark::State& state) {
  auto& w = filled();
  const auto selector = expect(Selector::parse(
      "model == 'meter' && ('south' in groups || risk == 'high') && firmware != '1.1.0'"));
  for (auto _ : state) benchmark::DoNotOptimize(w.inventory->select(selector));
  state.SetItemsProcessed(state.iterations() * fleet);
}
BENCHMARK(select_of_100k)->Unit(benchmark::kMillisecond);

void contact_of_one(benchmark::State& state) {
  auto& w = filled();
  std::vector<DeviceId> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(device_id(id_of(i * 97)));
  std::size_t at = 0;
  for (auto _ : state) {
    w.inventory->contact(ids[at % ids.size()], at / ids.size() % 2 == 0);
    ++at;
  }
}
BENCHMARK(contact_of_one);

void save_10k_contacts(benchmark::State& state) {
  auto& w = filled();
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < 10'000; ++i) w.inventory->contact(device_id(id_of(i * 9)), true);
    state.ResumeTiming();
    w.inventory->save_contacts();
    w.commit();
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(save_10k_contacts)->Unit(benchmark::kMillisecond);

}  // namespace
