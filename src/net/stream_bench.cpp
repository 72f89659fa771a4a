// What a connection costs: memory while idle, and the server's time for a handshake.
#include <benchmark/benchmark.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "net/internal/test_throwaway_ca.h"
#include "net/stream.h"

using namespace muster;
using namespace muster::net;

namespace {

struct Device final : Stream::Events {
  Device(Loop& l, int& o) : loop(l), open_count(o) {}
  void on_open() override { ++open_count; }
  std::size_t on_bytes(ByteView bytes) override { return bytes.size(); }
  void on_close(const Error&) override { loop.stop(); }
  Loop& loop;
  int& open_count;
  std::unique_ptr<Stream> stream;
};

// Connects and stays, in a process of its own so that its memory is not counted.
[[noreturn]] void play_devices(int count, std::uint16_t port, const TlsSettings& settings) {
  Loop loop;
  auto tls = expect(TlsContext::client(settings));
  std::vector<std::unique_ptr<Device>> devices;
  int open = 0;
  std::function<void()> more = [&] {
    for (int i = 0; i < 20 && static_cast<int>(devices.size()) < count; ++i) {
      devices.push_back(std::make_unique<Device>(loop, open));
      devices.back()->stream =
          std::make_unique<Stream>(loop, *devices.back(), "127.0.0.1", port, &tls);
    }
    if (static_cast<int>(devices.size()) < count) loop.after(5ms, more);
  };
  more();
  loop.run();  // until the first one is closed
  ::_exit(0);
}

double resident_bytes() {
  std::ifstream in("/proc/self/statm");
  double total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  return static_cast<double>(::clock()) / CLOCKS_PER_SEC;
}

void idle_mutual_tls(benchmark::State& state) {
  const int count = static_cast<int>(state.range(0));
  net::internal::ThrowawayCa ca("fleet");
  const auto door = ca.issue("door", "IP:127.0.0.1");
  const auto meter = ca.issue("meter-1", "");
  for (auto _ : state) {
    Loop loop;
    auto tls = expect(TlsContext::server({.key_pem = door.key_pem,
                                          .chain_pem = door.certificate_pem,
                                          .anchors_pem = ca.pem(),
                                          .peer = PeerCertificate::required}));
    std::vector<std::unique_ptr<Device>> devices;
    int open = 0;
    auto listener = expect(Listener::open(loop, "127.0.0.1", 0, [&](int fd) {
      devices.push_back(std::make_unique<Device>(loop, open));
      devices.back()->stream = std::make_unique<Stream>(loop, *devices.back(), fd, &tls);
    }));
    const double before = resident_bytes(), cpu = cpu_seconds();
    const pid_t child = ::fork();
    if (child == 0)
      play_devices(
          count, listener->port(),
          {.key_pem = meter.key_pem, .chain_pem = meter.certificate_pem, .anchors_pem = ca.pem()});
    std::function<void()> look = [&] {
      if (open == count) return loop.stop();
      loop.after(10ms, look);
    };
    look();
    loop.run();
    state.counters["bytes_each"] = (resident_bytes() - before) / count;
    state.counters["handshake_cpu_us"] = (cpu_seconds() - cpu) * 1e6 / count;
    devices.clear();
    ::waitpid(child, nullptr, 0);
  }
}
BENCHMARK(idle_mutual_tls)->Arg(4000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
