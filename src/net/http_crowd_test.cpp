// A server that more clients want to talk to than it has room for.
#include <catch2/catch.hpp>

#include "net/http.h"
#include "net/internal/test_http_workbench.h"
#include "net/internal/test_throwaway_ca.h"

using namespace muster;
using namespace muster::net;
using namespace muster::net::http;
using namespace muster::net::http::internal;
using net::internal::ThrowawayCa;

namespace {

struct Crowded {  // a TLS server that has room for eight handshakes
  ThrowawayCa ca{"fleet"};
  net::internal::Identity door = ca.issue("door", "IP:127.0.0.1");
  TlsContext tls = expect(TlsContext::server(
      {.key_pem = door.key_pem, .chain_pem = door.certificate_pem, .alpn = {"http/1.1"}}));
  TlsContext client_tls = expect(TlsContext::client({.anchors_pem = ca.pem()}));
  Workbench bench{{.handshakes_max = 8}, &tls};
  std::vector<std::unique_ptr<Wire>> others;

  void come(int many, std::string_view say) {
    for (int i = 0; i < many; ++i) {
      others.push_back(std::make_unique<Wire>(bench.loop, bench.server->port()));
      others.back()->say(say);
    }
  }
  std::size_t still_open() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(others, [](const auto& wire) { return !wire->closed; }));
  }
  int ask() {
    Client client(bench.loop, "127.0.0.1", bench.server->port(), &client_tls);
    return expect(run(bench.loop, client.call({.target = "/"}))).status;
  }
};

std::size_t answered(const std::vector<std::unique_ptr<Wire>>& wires) {
  return static_cast<std::size_t>(
      std::ranges::count_if(wires, [](const auto& wire) { return has(wire->heard, " 200 "); }));
}

}  // namespace

TEST_CASE("silent connections do not keep an honest client out") {
  Crowded door;
  door.come(40, "");
  CHECK(door.ask() == 200);
  CHECK(door.still_open() >= 7);
}

TEST_CASE("nor do connections that begin a handshake and leave it at that") {
  Crowded door;
  door.come(40, "\x16\x03\x01");
  CHECK(door.ask() == 200);
  CHECK(door.still_open() >= 7);
}

TEST_CASE("when the connections are used up, who asks for nothing gives way") {
  Workbench bench({.connections_max = 2});
  std::vector<std::unique_ptr<Wire>> silent;
  for (int i = 0; i < 6; ++i)
    silent.push_back(std::make_unique<Wire>(bench.loop, bench.server->port()));
  CHECK(has(bench.talk(get("/")), " 200 "));
  CHECK(std::ranges::any_of(silent, [](const auto& wire) { return !wire->closed; }));
}

TEST_CASE("when the connections are used up, who is being answered stays and others wait") {
  Workbench bench({.connections_max = 2});
  std::vector<Respond> waiting;
  bench.service.on_serve = [&](Request, Respond respond) { waiting.push_back(std::move(respond)); };
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 5; ++i) {
    wires.push_back(std::make_unique<Wire>(bench.loop, bench.server->port()));
    wires.back()->say(get("/"));
  }
  REQUIRE(bench.until([&] { return waiting.size() == 3; }));  // one more, to see who comes
  CHECK(bench.server->connections() == 3);
  for (std::size_t i = 0; i < 5; ++i) {
    REQUIRE(bench.until([&] { return waiting.size() > i; }));
    waiting[i]({});
  }
  CHECK(bench.until([&] { return answered(wires) == 5; }));
}

TEST_CASE("the bodies of all requests together have a bound, and strangers a smaller one") {
  Workbench bench({.bodies_max = 3'000, .strangers_bodies_max = 1'500});
  bench.service.on_admit = [](const Head& head) -> std::expected<Admission, Response> {
    return Admission{.stranger = head.path == "/stranger"};
  };
  const auto post = [](const std::string& path, std::size_t octets) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1001" +
           "\r\n\r\n" + std::string(octets, 'x');
  };
  Wire slow(bench.loop, bench.server->port());
  slow.say(post("/stranger", 1'000));
  // Whatever of it has come: the whole of the next one does not fit beside it.
  REQUIRE(bench.until([&] { return has(bench.talk(post("/stranger", 1'001)), " 503 "); }));
  CHECK(has(bench.talk(post("/stranger", 1'001)), "Retry-After: "));
  CHECK(has(bench.talk(post("/known", 1'001)), " 200 "));
  slow.say("x");
  REQUIRE(bench.until([&] { return slow.closed; }));
  CHECK(has(slow.heard, " 200 "));
  CHECK(has(bench.talk(post("/stranger", 1'001)), " 200 "));
}
