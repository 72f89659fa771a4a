#include <benchmark/benchmark.h>

#include <fstream>

#include "identity/internal/registry.h"
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

// A million certificates that were revoked, ten thousand to a list, beside ten thousand that are
// valid: what they cost at start, at the door, and when one more is revoked. In order, for a
// million random keys take minutes to insert.
struct MillionRevoked {
  static constexpr int valid = 10'000;

  MillionRevoked() : w({.pki_url = "http://pki.example"}) {
    for (int i = 0; i < valid; ++i)
      expect(w.inventory->expect(
          {.id = device_id("m-" + std::to_string(i)), .model = expect(ModelId::parse("meter"))},
          alice()));
    auto& writer = w.store->unrecorded_writer();
    const std::string numbers =
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999) ";
    writer.write(
        (numbers +
         "INSERT INTO identity_certificate(serial, subject, status, not_before,"
         " not_after, fingerprint, key, issued_at, revoked_at, reason, shard)"
         " SELECT CAST(printf('%016d', i) AS BLOB), 'm-' || (i % 10000), 3, 0, 2000000000000,"
         " CAST(printf('%032d', i) AS BLOB), CAST(printf('%032d', i) AS BLOB), 0, 1790000000000, "
         "1, 1 + i / 10000 FROM n")
            .c_str());
    writer.write(
        "INSERT INTO identity_certificate(serial, subject, status, not_before, not_after,"
        " fingerprint, key, issued_at, shard)"
        " SELECT randomblob(16), id, 1, 0, 2000000000000, randomblob(32), randomblob(32), 0, 101"
        " FROM inventory_device");
    writer.write((numbers +
                  "INSERT INTO identity_shard(number, url, issued, list_number, this_update, stale)"
                  " SELECT i + 1, 'http://pki.example/crl/' || (i + 1) || '.crl', 10000, 0, 0, 1"
                  " FROM n WHERE i < 101")
                     .c_str());
    w.commit();
    auto rows = w.store->read(
        "SELECT serial, fingerprint, status FROM identity_certificate"
        " WHERE status = 1 OR shard = 50");
    while (rows.next())
      (rows.integer(2) == 1 ? living : dead)
          .push_back({fixed<16>(rows.blob(0)), fixed<32>(rows.blob(1))});
  }
  struct Named {
    crypto::Serial serial;
    crypto::Hash fingerprint;
  };
  static MillionRevoked& get() {  // made once: it takes longer than what is measured
    static MillionRevoked all;
    return all;
  }
  World w;
  std::vector<Named> living, dead;
};

std::size_t resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  return 0;
}

void load_with_a_million_revoked(benchmark::State& state) {
  auto& all = MillionRevoked::get();
  const auto before = resident_kilobytes();
  for (auto _ : state) all.w.restart();
  state.counters["RSS_growth_kB"] =
      static_cast<double>(resident_kilobytes()) - static_cast<double>(before);
}
BENCHMARK(load_with_a_million_revoked)->Unit(benchmark::kMillisecond);

void authentications_beside_a_million_revoked(benchmark::State& state) {
  auto& all = MillionRevoked::get();
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        expect(all.w.identity->authenticate(all.living[at % all.living.size()].fingerprint)));
    at += 7919;
  }
}
BENCHMARK(authentications_beside_a_million_revoked)->Unit(benchmark::kNanosecond);

void refusals_of_a_revoked_certificate(benchmark::State& state) {
  auto& all = MillionRevoked::get();
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        all.w.identity->authenticate(all.dead[at % all.dead.size()].fingerprint, false));
    at += 7919;
  }
}
BENCHMARK(refusals_of_a_revoked_certificate)->Unit(benchmark::kNanosecond);

void standings_of_a_revoked_certificate(benchmark::State& state) {
  auto& all = MillionRevoked::get();
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(all.w.identity->standing(all.dead[at % all.dead.size()].serial));
    at += 7919;
  }
}
BENCHMARK(standings_of_a_revoked_certificate)->Unit(benchmark::kNanosecond);

// In the ledger and durable.
void one_more_revoked(benchmark::State& state) {
  auto& all = MillionRevoked::get();
  std::size_t next = 0;
  for (auto _ : state) {
    expect(all.w.identity->revoke_certificate(
        all.living[next++].serial, crypto::RevocationReason::key_compromise, alice(), "stolen"));
    all.w.commit();
  }
}
BENCHMARK(one_more_revoked)->Unit(benchmark::kMicrosecond)->Iterations(2'000)->UseRealTime();

// The domain's part only: the signer's is crypto_bench's.
void orders_of_a_list_of_10k(benchmark::State& state) {
  auto& all = MillionRevoked::get();
  for (auto _ : state) benchmark::DoNotOptimize(expect(all.w.identity->crl(50)));
}
BENCHMARK(orders_of_a_list_of_10k)->Unit(benchmark::kMillisecond);

}  // namespace
