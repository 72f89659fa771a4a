#include <catch2/catch.hpp>

#include "net/http.h"
#include "net/internal/test_http_workbench.h"
#include "net/internal/test_throwaway_ca.h"

using namespace muster;
using namespace muster::net;
using namespace muster::net::http;
using http::internal::contents;
using http::internal::Folder;
using http::internal::Workbench;

namespace {

// A server that answers each connection with fixed bytes, and counts.
struct Canned {
  explicit Canned(Loop& loop)
      : listener(expect(Listener::open(loop, "127.0.0.1", 0, [this, &loop](int fd) {
          ++connections;
          peers.push_back(std::make_unique<Peer>(loop, *this, fd));
        }))) {}
  struct Peer final : Stream::Events {
    Peer(Loop& loop, Canned& o, int fd) : owner(o), stream(loop, *this, fd, nullptr) {}
    std::size_t on_bytes(ByteView bytes) override {
      owner.heard += text_of(bytes);
      if (!text_of(bytes).ends_with("\r\n\r\n")) return bytes.size();
      const auto answer = owner.answers.empty() ? "" : owner.answers.front();
      if (!owner.answers.empty()) owner.answers.erase(owner.answers.begin());
      if (answer.empty())
        stream.close();
      else
        stream.write(answer);
      if (owner.then_finish) stream.finish();
      return bytes.size();
    }
    void on_close(const Error&) override { ++owner.closed; }
    Canned& owner;
    Stream stream;
  };
  std::vector<std::string> answers;  // in turn; none left, or an empty one: hang up
  bool then_finish = false;
  int connections = 0, closed = 0;
  std::string heard;
  std::vector<std::unique_ptr<Peer>> peers;
  std::unique_ptr<Listener> listener;
};

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace

TEST_CASE("a client calls again and again on one connection") {
  Workbench bench;
  Client client(bench.loop, "127.0.0.1", bench.server->port(), nullptr);
  for (int i = 0; i < 3; ++i) {
    auto answer = run(bench.loop, client.call({.method = "POST", .target = "/p", .body = "text"}));
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == "POST /p text");
    CHECK(*answer->header("content-length") == "12");
  }
  CHECK(bench.server->connections() == 1);
}

TEST_CASE("a client reaches its server by TLS and shows its certificate") {
  net::internal::ThrowawayCa ca("fleet");
  const auto door = ca.issue("door", "DNS:localhost");
  const auto meter = ca.issue("meter-1", "");
  auto server_tls = expect(TlsContext::server({.key_pem = door.key_pem,
                                               .chain_pem = door.certificate_pem,
                                               .anchors_pem = ca.pem(),
                                               .peer = PeerCertificate::required}));
  auto client_tls = expect(TlsContext::client(
      {.key_pem = meter.key_pem, .chain_pem = meter.certificate_pem, .anchors_pem = ca.pem()}));
  Workbench bench({}, &server_tls);
  bench.service.on_serve = [](Request request, Respond r) {
    r({.body = request.peer_certificate ? "known" : "unknown"});
  };
  Client client(bench.loop, "localhost", bench.server->port(), &client_tls);
  CHECK(run(bench.loop, client.call({})).value().body == "known");
  Client other_name(bench.loop, "127.0.0.1", bench.server->port(), &client_tls);
  const auto refused = run(bench.loop, other_name.call({}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::unauthorized);
}

TEST_CASE("a kept connection that has gone stale is made anew for GET and not for POST") {
  for (std::string method : {"GET", "POST"}) {
    Loop loop;
    Canned server(loop);
    server.answers = {ok, "", ok};
    Client client(loop, "127.0.0.1", server.listener->port(), nullptr);
    REQUIRE(run(loop, client.call({.method = method})));
    const auto second = run(loop, client.call({.method = method}));
    CHECK(second.has_value() == (method == "GET"));
    CHECK(server.connections == (method == "GET" ? 2 : 1));
  }
}

TEST_CASE("a connection the server has closed between two calls is not used again") {
  Loop loop;
  Canned server(loop);
  server.answers = {ok, ok};
  server.then_finish = true;
  Client client(loop, "127.0.0.1", server.listener->port(), nullptr);
  REQUIRE(run(loop, client.call({.method = "POST"})));
  REQUIRE(until(loop, [&] { return server.closed > 0; }));  // the client has noticed
  CHECK(run(loop, client.call({.method = "POST"})));
  CHECK(server.connections == 2);
}

TEST_CASE("a failed first try is not repeated") {
  Loop loop;
  Canned server(loop);
  Client client(loop, "127.0.0.1", server.listener->port(), nullptr);
  CHECK_FALSE(run(loop, client.call({})));
  CHECK(server.connections == 1);
}

TEST_CASE("answers come chunked, to the end of the connection, or after interim ones") {
  Loop loop;
  Canned server(loop);
  Client client(loop, "127.0.0.1", server.listener->port(), nullptr);
  server.answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
  CHECK(run(loop, client.call({})).value().body == "abc");
  server.answers = {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + ok};
  CHECK(run(loop, client.call({})).value().body == "ok");
  server.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"};
  CHECK(run(loop, client.call({.method = "HEAD"})).value().status == 200);
  server.then_finish = true;
  server.answers = {"HTTP/1.1 200 OK\r\n\r\nall of it"};
  CHECK(run(loop, client.call({})).value().body == "all of it");
  server.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut"};
  CHECK_FALSE(run(loop, client.call({})));
  server.answers = {"what is this\r\n\r\n"};
  CHECK(run(loop, client.call({})).error().fault == Fault::corrupt);
}

TEST_CASE("an answer that is too large or too late is refused") {
  Loop loop;
  Canned server(loop);
  Client client(loop, "127.0.0.1", server.listener->port(), nullptr);
  server.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"};
  CHECK(run(loop, client.call({.body_max = 9})).error().fault == Fault::exhausted);
  server.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01"};
  const auto late = run(loop, client.call({.within = 20ms}));
  REQUIRE_FALSE(late);
  CHECK(late.error().message == "127.0.0.1 did not answer within 20ms");
}

TEST_CASE("a download goes to its sink in pieces, and the sink may refuse") {
  Workbench bench;
  Folder folder;
  const std::string text(2'000'000, 'd');
  const auto path = folder.write("f", text);
  bench.service.on_serve = [&](Request request, Respond r) {
    if (request.path == "/none") return r({.status = 404, .body = "no such file"});
    r({.file = Response::File{path, text.size()}});
  };
  Client client(bench.loop, "127.0.0.1", bench.server->port(), nullptr);
  std::string got;
  int pieces = 0;
  auto sink = [&](ByteView piece) -> Result<void> {
    got += text_of(piece);
    if (++pieces > 1000) return fail(Fault::exhausted, "enough");
    return {};
  };
  auto answer = run(bench.loop, client.call({.target = "/f", .sink = sink}));
  REQUIRE(answer);
  CHECK(got == text);
  CHECK(answer->body.empty());
  CHECK(pieces > 10);
  answer = run(bench.loop, client.call({.target = "/none", .sink = sink}));
  CHECK(answer.value().body == "no such file");
  CHECK(got.size() == text.size());
  pieces = 1000;
  CHECK(run(bench.loop, client.call({.target = "/f", .sink = sink})).error().message == "enough");
  CHECK(run(bench.loop, client.call({.target = "/none"})).value().status == 404);
}

TEST_CASE("an upload comes from a file, and an early refusal is heard") {
  Workbench bench;
  Folder folder;
  const std::string text(3'000'000, 'u');
  const auto path = folder.write("f", text);
  bench.service.on_admit = [&](const Head& head) -> std::expected<Admission, Response> {
    return Admission{.body_max = head.path == "/small" ? 10u : 10'000'000u,
                     .spool_to = folder.path};
  };
  bench.service.on_serve = [&](Request request, Respond r) {
    r({.body = contents(request.spooled) == text ? "same" : "different"});
  };
  Client client(bench.loop, "127.0.0.1", bench.server->port(), nullptr);
  Call call{.method = "PUT", .target = "/big", .upload = path};
  CHECK(run(bench.loop, client.call(call)).value().body == "same");
  call.target = "/small";
  CHECK(run(bench.loop, client.call(call)).value().status == 413);
  call.upload = folder.path / "none";
  CHECK(run(bench.loop, client.call(call)).error().fault == Fault::missing);
  CHECK(run(bench.loop, client.call({.target = "/x"})).value().status == 200);
}

TEST_CASE("a call that would break the request apart is refused") {
  Loop loop;
  Client client(loop, "127.0.0.1", 9, nullptr);
  for (std::string target : {"", "nowhere", "/a b", "/a\r\nX: y"})
    CHECK(run(loop, client.call({.target = target})).error().fault == Fault::invalid);
}

TEST_CASE("a call given up in the middle leaves a client that works") {
  Workbench bench;
  bench.service.on_serve = [&](Request request, Respond respond) {
    if (request.path == "/now") return respond({.body = "now"});
    bench.loop.after(5ms, [r = std::move(respond)]() mutable { r({.body = "late"}); });
  };
  Client client(bench.loop, "127.0.0.1", bench.server->port(), nullptr);
  {
    auto task = client.call({.target = "/late"});
    auto awaiter = std::move(task).operator co_await();
    awaiter.await_suspend(std::noop_coroutine()).resume();
    REQUIRE(bench.until([&] { return bench.service.served == 1; }));
  }
  CHECK(run(bench.loop, client.call({.target = "/now"})).value().body == "now");
}

TEST_CASE("URLs of http and https are understood, others refused") {
  auto url = parse_url("https://fleet.example:8443/a/b?c=d").value();
  CHECK(url.tls);
  CHECK(url.host == "fleet.example");
  CHECK(url.port == 8443);
  CHECK(url.target == "/a/b?c=d");
  CHECK(parse_url("http://h").value().port == 80);
  CHECK(parse_url("http://h?x").value().target == "/?x");
  CHECK(parse_url("https://[::1]:9/").value().host == "::1");
  CHECK(parse_url("https://[::1]/").value().port == 443);
  for (const char* bad :
       {"", "ftp://h/", "https://", "https://u:p@h/", "http://h/#f", "http://h:0/", "http://h:x/",
        "http://h:99999/", "http://[::1", "http://[x]/", "http://h/a b", "http://[::1]x/"})
    CHECK_FALSE(parse_url(bad));
}
