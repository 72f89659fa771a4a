#include <benchmark/benchmark.h>

#include "crypto/csr.h"
#include "crypto/internal/test_fleet_authority.h"
#include "crypto/merkle.h"

using namespace muster;
using namespace muster::crypto;

namespace {

Algorithm algorithm_of(const benchmark::State& state) {
  return static_cast<Algorithm>(state.range(0));
}

void sign(benchmark::State& state) {
  const FileKey key = expect(FileKey::generate(algorithm_of(state)));
  state.SetLabel(name_of(algorithm_of(state)));
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(bytes_of("message")));
  state.SetItemsProcessed(state.iterations());
}

void verify(benchmark::State& state) {
  const FileKey key = expect(FileKey::generate(algorithm_of(state)));
  const Bytes signature = expect(key.sign(bytes_of("message")));
  state.SetLabel(name_of(algorithm_of(state)));
  for (auto _ : state)
    benchmark::DoNotOptimize(key.public_key().verify(bytes_of("message"), signature));
  state.SetItemsProcessed(state.iterations());
}

void parse_request(benchmark::State& state) {
  const Bytes der =
      expect(make_csr(expect(FileKey::generate(algorithm_of(state))), "meter-0000007"));
  state.SetLabel(name_of(algorithm_of(state)));
  for (auto _ : state) benchmark::DoNotOptimize(parse_csr(der));
  state.SetItemsProcessed(state.iterations());
}

// What an enrolment costs: read the request, prove possession, write and sign the certificate.
void issue_from_request(benchmark::State& state) {
  const FleetAuthority fleet;
  const Bytes der = expect(make_csr(expect(FileKey::generate(Algorithm::ecdsa_p256)), "meter-7"));
  Profile profile = FleetAuthority::client("meter-7");
  profile.crl_url = "http://muster.example/crl";
  for (auto _ : state) {
    const Csr csr = expect(parse_csr(der));
    benchmark::DoNotOptimize(
        expect(issue(profile, csr.key, Serial{1}, &fleet.issuing, fleet.issuing_key)));
  }
  state.SetItemsProcessed(state.iterations());
}

void read_certificate(benchmark::State& state) {
  const FleetAuthority fleet;
  const Bytes der = fleet.leaf(FleetAuthority::client("meter-7"), fleet.root.key).der;
  for (auto _ : state) benchmark::DoNotOptimize(parse_certificate(der));
  state.SetItemsProcessed(state.iterations());
}

void check_chain(benchmark::State& state) {
  const FleetAuthority fleet;
  const Certificate leaf = fleet.leaf(FleetAuthority::client("meter-7"), fleet.root.key);
  const Certificate between[] = {fleet.issuing}, anchors[] = {fleet.root};
  for (auto _ : state)
    benchmark::DoNotOptimize(verify_chain(leaf, between, anchors, Use::client, test_time));
  state.SetItemsProcessed(state.iterations());
}

void hash_leaf(benchmark::State& state) {
  const Bytes entry(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(leaf_hash(entry));
  state.SetItemsProcessed(state.iterations());
}

void hash_node(benchmark::State& state) {
  const Hash left = sha256({}), right = left;
  for (auto _ : state) benchmark::DoNotOptimize(node_hash(left, right));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(sign)->DenseRange(0, 2);
BENCHMARK(verify)->DenseRange(0, 2);
BENCHMARK(parse_request)->DenseRange(0, 2);
BENCHMARK(issue_from_request);
BENCHMARK(read_certificate);
BENCHMARK(check_chain);
BENCHMARK(hash_leaf)->Arg(32)->Arg(300);
BENCHMARK(hash_node);

}  // namespace
