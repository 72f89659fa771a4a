#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "signer/remote.h"
#include "signer/sandbox.h"
#include "signer/serve.h"
#include "signer/test_authority.h"

using namespace muster;
using namespace muster::signer;

namespace {

Policy without_limits() {
  Policy policy;
  policy.device.rate = {1e9, 1e9};
  return policy;
}

// On the disk, where fdatasync costs what it costs.
struct DiskWorld : World {
  DiskWorld() : World(without_limits()) {
    keeper.emplace(expect(Keeper::open({fleet.issuing, fleet.root}, fleet.issuing_key,
                                       disk.path / "issuance.log", policy, clock, random)));
  }
  TestFolder disk{std::filesystem::current_path()};
};

// The ceiling: the certificate alone, from a key that was read before.
void certificate_alone(benchmark::State& state) {
  const World world;
  const Order order = world.device(1);
  const auto profile = expect(profile_of(order, world.policy, world.clock.now()));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        expect(crypto::issue(profile, world.device_key.public_key(), order.serial,
                             &world.fleet.issuing, world.fleet.issuing_key)));
  state.SetItemsProcessed(state.iterations());
}

// The same, from the octets of the order.
void order_checked_and_signed(benchmark::State& state) {
  const World world;
  const Bytes octets = expect(encode(world.device(1)));
  for (auto _ : state) {
    const Order order = expect(decode_order(octets));
    const auto profile = expect(profile_of(order, world.policy, world.clock.now()));
    const auto key = expect(crypto::PublicKey::from_spki(order.spki));
    benchmark::DoNotOptimize(expect(
        crypto::issue(profile, key, order.serial, &world.fleet.issuing, world.fleet.issuing_key)));
  }
  state.SetItemsProcessed(state.iterations());
}

// With the log, one fdatasync a batch.
void keeper(benchmark::State& state) {
  DiskWorld world;
  const auto size = static_cast<std::uint32_t>(state.range(0));
  std::uint32_t next = 0;
  for (auto _ : state) {
    const auto answers = world.issue(world.devices(next, size));
    for (const auto& answer : answers)
      if (!answer) state.SkipWithError(answer.error().message.c_str());
    next += size;
  }
  state.SetItemsProcessed(state.iterations() * size);
}

// A signer in a process and a sandbox of its own, with so many orders on their way at any time.
void remote(benchmark::State& state) {
  DiskWorld world;
  world.keeper.reset();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return state.SkipWithError("socketpair");
  Descriptor ours(ends[0]), theirs(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    ours.close();
    auto keeper = expect(Keeper::open({world.fleet.issuing, world.fleet.root},
                                      world.fleet.issuing_key, world.disk.path / "issuance.log",
                                      world.policy, world.clock, world.random));
    Doors doors;
    doors.connected.push_back(std::move(theirs));
    expect(confine());
    expect(serve(keeper, std::move(doors), {}));
    ::_exit(0);
  }
  theirs.close();
  {
    std::mutex mutex;
    std::condition_variable came;
    std::int64_t under_way = 0, failed = 0;
    RemoteIssuer issuer([&] { return Result<Descriptor>(std::move(ours)); });
    std::uint32_t next = 0;
    for (auto _ : state) {
      {
        std::unique_lock lock(mutex);
        came.wait(lock, [&] { return under_way < state.range(0); });
        ++under_way;
      }
      issuer.issue(world.device(next++), [&](Result<Bytes> der) {
        const std::scoped_lock lock(mutex);
        failed += !der;
        --under_way;
        came.notify_one();
      });
    }
    std::unique_lock lock(mutex);
    came.wait(lock, [&] { return under_way == 0; });
    if (failed) state.SkipWithError("an order was refused");
  }
  ::waitpid(child, nullptr, 0);
  state.SetItemsProcessed(state.iterations());
}

// The same order again: what a controller costs that asks once more after a lost answer.
void repeated(benchmark::State& state) {
  DiskWorld world;
  const Order order = world.device(1);
  for (auto _ : state) benchmark::DoNotOptimize(expect(world.issue(order)));
  state.SetItemsProcessed(state.iterations());
}

// From the octets of the order to a signed list, as the signer does it.
void revocation_list(benchmark::State& state) {
  DiskWorld world;
  CrlOrder order = world.list(1);
  order.revoked.clear();
  for (std::int64_t n = 0; n < state.range(0); ++n) {
    const crypto::Serial serial = serial_number(static_cast<std::uint32_t>(n));
    order.revoked.push_back({Bytes(serial.begin(), serial.end()), world.clock.now()});
  }
  const Bytes octets = expect(encode(order));
  world.policy.revocation_list.rate = {1e9, 1e9};
  world.open();
  for (auto _ : state)
    benchmark::DoNotOptimize(expect(world.keeper->make_list(expect(decode_crl_order(octets)))));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void open_a_log(benchmark::State& state) {
  DiskWorld world;
  const auto size = static_cast<std::uint32_t>(state.range(0));
  for (std::uint32_t n = 0; n < size; n += 1000) (void)world.issue(world.devices(n, 1000));
  world.keeper.reset();
  for (auto _ : state) {
    auto log = IssuanceLog::open(world.disk.path / "issuance.log", world.random);
    if (!log || log->head().size != size) state.SkipWithError("the log is not what it was");
  }
  state.SetItemsProcessed(state.iterations() * size);
}

}  // namespace

BENCHMARK(certificate_alone);
BENCHMARK(order_checked_and_signed);
BENCHMARK(keeper)->Arg(1)->Arg(64)->Arg(256)->UseRealTime();
BENCHMARK(remote)->Arg(1)->Arg(64)->Arg(512)->UseRealTime();
BENCHMARK(repeated);
BENCHMARK(revocation_list)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(open_a_log)->Arg(20'000)->Unit(benchmark::kMillisecond);
