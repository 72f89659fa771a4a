// Rows written durably per second, by rows a commit. `fsync_us` is what one fsync of 4 KiB costs on
// the disk measured: without it the other figures say nothing. MUSTER_BENCH_DIR chooses the disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "store/store.h"

using namespace muster;

namespace {

std::filesystem::path make_folder() {
  const char* chosen = std::getenv("MUSTER_BENCH_DIR");
  std::string name = std::string(chosen ? chosen : "/tmp") + "/muster-bench-XXXXXX";
  return ::mkdtemp(name.data());
}

double fsync_us(const std::filesystem::path& folder) {
  const int file = ::open((folder / "fsync").c_str(), O_RDWR | O_CREAT, 0600);
  const std::string page(4096, 'x');
  const auto start = monotonic_ns();
  for (int i = 0; i < 50; ++i)
    if (::pwrite(file, page.data(), page.size(), 0) < 0 || ::fsync(file) != 0) std::abort();
  ::close(file);
  return static_cast<double>(monotonic_ns() - start) / 50e3;
}

constexpr const char* schema[] = {
    "CREATE TABLE device(name TEXT PRIMARY KEY, seen INTEGER, state TEXT) WITHOUT ROWID"};

void commit_in_batches(benchmark::State& state) {
  const auto folder = make_folder();
  auto store = expect(store::Store::open(folder / "bench.db"));
  expect(store.migrate("bench", schema));
  std::int64_t row = 0, longest = 0;
  const std::string text(120, 's');
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const auto name = "device-" + std::to_string(row++ % 100'000);
      store.unrecorded_writer().write(
          "INSERT INTO device VALUES(?, ?, ?) ON CONFLICT(name) DO UPDATE SET seen = excluded.seen",
          {name, row, text});
    }
    const auto before = monotonic_ns();
    store.commit();
    longest = std::max(longest, monotonic_ns() - before);
  }
  state.SetItemsProcessed(row);
  state.counters["fsync_us"] = fsync_us(folder);
  state.counters["longest_commit_ms"] = static_cast<double>(longest) / 1e6;
  std::filesystem::remove_all(folder);
}
BENCHMARK(commit_in_batches)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

void look_up(benchmark::State& state) {
  const auto folder = make_folder();
  auto store = expect(store::Store::open(folder / "bench.db"));
  expect(store.migrate("bench", schema));
  for (int i = 0; i < 100'000; ++i)
    store.unrecorded_writer().write("INSERT INTO device VALUES(?, 0, 'active')",
                                    {std::to_string(i)});
  store.commit();
  int next = 0;
  for (auto _ : state) {
    auto rows = store.read("SELECT state FROM device WHERE name = ?",
                           {std::to_string(next = (next + 7919) % 100'000)});
    benchmark::DoNotOptimize(rows.next());
  }
  state.SetItemsProcessed(state.iterations());
  std::filesystem::remove_all(folder);
}
BENCHMARK(look_up);

}  // namespace
