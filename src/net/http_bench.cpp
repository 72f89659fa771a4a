// Requests a second over kept-alive TLS connections, and a download; client and server share the
// loop, so that both sides' time is counted.
#include <benchmark/benchmark.h>

#include "net/http.h"
#include "net/internal/test_http_workbench.h"
#include "net/internal/test_throwaway_ca.h"

using namespace muster;
using namespace muster::net;
using namespace muster::net::http;

namespace {

struct Door {
  net::internal::ThrowawayCa ca{"fleet"};
  net::internal::Identity own = ca.issue("door", "IP:127.0.0.1");
  TlsContext server =
      expect(TlsContext::server({.key_pem = own.key_pem, .chain_pem = own.certificate_pem}));
  TlsContext client = expect(TlsContext::client({.anchors_pem = ca.pem()}));
};

void get_over_tls(benchmark::State& state) {
  Door door;
  http::internal::Workbench bench({}, &door.server);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 16; ++i)
    clients.push_back(
        std::make_unique<Client>(bench.loop, "127.0.0.1", bench.server->port(), &door.client));
  auto round = [](std::vector<std::unique_ptr<Client>>* all) -> Task<> {
    Scope scope;
    auto one = [](Client* c) -> Task<> {
      for (int i = 0; i < 100; ++i) expect(co_await c->call({.target = "/devices/1"}));
    };
    for (auto& c : *all) scope.spawn(one(c.get()));
    co_await scope.join();
  };
  run(bench.loop, round(&clients));
  for (auto _ : state) run(bench.loop, round(&clients));
  state.SetItemsProcessed(state.iterations() * 1600);
}
BENCHMARK(get_over_tls)->Unit(benchmark::kMillisecond);

void download_over_tls(benchmark::State& state) {
  Door door;
  http::internal::Workbench bench({}, &door.server);
  http::internal::Folder folder;
  constexpr std::size_t size = 64 << 20;
  const auto path = folder.write("artifact", std::string(size, 'a'));
  bench.service.on_serve = [&](Request, Respond r) { r({.file = Response::File{path, size}}); };
  Client client(bench.loop, "127.0.0.1", bench.server->port(), &door.client);
  for (auto _ : state) {
    std::size_t got = 0;
    expect(run(bench.loop, client.call({.sink = [&](ByteView piece) -> Result<void> {
      got += piece.size();
      return {};
    }})));
    if (got != size) state.SkipWithError("the download is not whole");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(download_over_tls)->Unit(benchmark::kMillisecond);

}  // namespace
