// What a token costs: SoftHSM2 by itself, and behind a process of its own, beside a file key.
#include <benchmark/benchmark.h>

#include "base/random.h"
#include "pkcs11/apart.h"
#include "pkcs11/test_softhsm.h"
#include "pkcs11/token.h"

using namespace muster;
using namespace muster::pkcs11;
using crypto::Algorithm;

namespace {

Algorithm algorithm_of(const benchmark::State& state) {
  return state.range(0) ? Algorithm::ed25519 : Algorithm::ecdsa_p256;
}

void sign(benchmark::State& state, const crypto::SigningKey& key) {
  const Bytes message(400, 7);  // what is signed of a certificate
  for (auto _ : state) benchmark::DoNotOptimize(expect(key.sign(message)));
  state.SetItemsProcessed(state.iterations());
  state.SetLabel(name_of(key.public_key().algorithm()));
}

void file_key(benchmark::State& state) {
  sign(state, expect(crypto::FileKey::generate(algorithm_of(state))));
}
void token_key(benchmark::State& state) {
  const SoftHsm hsm;
  SystemRandom random;
  const auto held = expect(open_key(hsm.uri("bench"), algorithm_of(state), random));
  sign(state, *held.key);
}
void token_key_apart(benchmark::State& state) {
  const SoftHsm hsm;
  sign(state, *expect(ApartKey::start({.uri = hsm.uri("bench"), .make = algorithm_of(state)})));
}

BENCHMARK(file_key)->Arg(0)->Arg(1);
BENCHMARK(token_key)->Arg(0)->Arg(1);
BENCHMARK(token_key_apart)->Arg(0)->Arg(1)->UseRealTime();

}  // namespace
