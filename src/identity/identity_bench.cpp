#include <benchmark/benchmark.h>

#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;

namespace {

constexpr int group = 50;  // enrolments a commit

// CSRs are made beforehand, as devices do.
std::vector<Bytes> requests(int count) {
  std::vector<Bytes> out;
  for (int i = 0; i < count; ++i) out.push_back(expect(crypto::make_csr(new_key(), "a device")));
  return out;
}

// Parse the request, check its proof of possession and the token, sign, write, and be durable.
// At least 500 a second.
void enrolments_in_groups_of_50(benchmark::State& state) {
  World w;
  int device = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::pair<std::string, std::string>> expected;
    for (int i = 0; i < group; ++i) {
      auto id = "m-" + std::to_string(++device);
      expected.emplace_back(id, w.expect_device(id));
    }
    w.commit();
    const auto csrs = requests(group);
    state.ResumeTiming();
    for (int i = 0; i < group; ++i) {
      const auto csr = expect(crypto::parse_csr(csrs[static_cast<std::size_t>(i)]));
      const auto& [id, token] = expected[static_cast<std::size_t>(i)];
      benchmark::DoNotOptimize(
          expect(w.enrol({id, token, csr.key.spki(), csr.digest, "", "192.0.2.7:40000"})));
    }
    w.commit();
  }
  state.SetItemsProcessed(state.iterations() * group);
}
BENCHMARK(enrolments_in_groups_of_50)->Unit(benchmark::kMillisecond)->UseRealTime();

void load_100k_certificates(benchmark::State& state) {
  World w;
  for (int i = 0; i < 100'000; ++i)
    expect(w.inventory->expect(
        {.id = device_id("m-" + std::to_string(i)), .model = expect(ModelId::parse("meter"))},
        alice()));
  w.store->unrecorded_writer().write(
      "INSERT INTO identity_certificate(serial, subject, status, not_before, not_after,"
      " fingerprint, key, issued_at)"
      " SELECT randomblob(16), id, 1, 0, 2000000000000, randomblob(32), randomblob(32), 0"
      " FROM inventory_device");
  w.commit();
  for (auto _ : state) {
    w.identity.reset();
    w.inventory.reset();
    w.inventory.emplace(expect(inventory::Inventory::open(*w.store, *w.ledger, w.clock)));
    w.identity.emplace(
        expect(Identity::open(*w.store, *w.ledger, *w.inventory, w.ca.chain, w.clock, *w.random)));
  }
  if (w.identity->totals().valid != 100'000) state.SkipWithError("certificates are missing");
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(load_100k_certificates)->Unit(benchmark::kMillisecond);

void authentications_among_10k(benchmark::State& state) {
  World w;
  std::vector<crypto::Hash> prints;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = "m-" + std::to_string(i);
    const auto csr = expect(crypto::parse_csr(requests(1).front()));
    const auto token = w.expect_device(id);
    prints.push_back(
        crypto::sha256(expect(w.enrol({id, token, csr.key.spki(), csr.digest, "", ""}))));
    expect(w.identity->authenticate(prints.back()));
  }
  w.commit();
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(expect(w.identity->authenticate(prints[at % prints.size()])));
    at += 7919;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(authentications_among_10k)->Unit(benchmark::kMicrosecond);

}  // namespace
