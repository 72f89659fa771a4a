#include <catch2/catch.hpp>
#include <thread>

#include "net/http.h"
#include "net/internal/test_http_workbench.h"

using namespace muster;
using namespace muster::net;
using namespace muster::net::http;
using namespace muster::net::http::internal;

TEST_CASE("a connection is kept alive until the client asks to close it") {
  Workbench bench;
  Wire wire(bench.loop, bench.server->port());
  wire.say(get("/one", ""));
  REQUIRE(bench.until([&] { return has(wire.heard, "GET /one "); }));
  wire.say(get("/two"));
  REQUIRE(bench.until([&] { return wire.closed; }));
  CHECK(has(wire.heard, "GET /two "));
  CHECK(count(wire.heard, "HTTP/1.1 200 OK\r\nDate: ") == 2);
  CHECK(count(wire.heard, "Connection: close") == 1);
}

TEST_CASE("HTTP/1.0 closes unless it asks to be kept alive") {
  Workbench bench;
  CHECK(has(bench.talk("GET / HTTP/1.0\r\n\r\n"), "Connection: close"));
  const auto kept =
      bench.talk("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
  CHECK(has(kept, "Connection: keep-alive"));
  CHECK(has(kept, "GET /b "));
}

TEST_CASE("pipelined requests are answered in order, however the service takes its time") {
  Workbench bench;
  std::vector<Respond> waiting;
  bench.service.on_serve = [&](Request request, Respond respond) {
    if (request.path == "/now") return respond({.body = "[" + request.path + "]"});
    bench.loop.after(
        2ms, [p = request.path, r = std::move(respond)]() mutable { r({.body = "[" + p + "]"}); });
  };
  const auto heard =
      bench.talk(get("/slow", "") + get("/now", "") + get("/slower", "") +
                 "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" + get("/last"));
  const auto at = [&](const char* what) { return heard.find(what); };
  CHECK(count(heard, "HTTP/1.1 200") == 5);
  CHECK(at("[/slow]") < at("[/now]"));
  CHECK(at("[/now]") < at("[/slower]"));
  CHECK(at("[/slower]") < at("[/p]"));
  CHECK(at("[/p]") < at("[/last]"));
}

TEST_CASE("a client that pipelines and does not read fills no memory of ours") {
  Workbench bench;
  bench.service.on_serve = [](Request, Respond respond) {
    respond({.body = std::string(100'000, 'x')});
  };
  Wire wire(bench.loop, bench.server->port());
  wire.stream->pause_reading(true);
  std::string many;
  for (int i = 0; i < 300; ++i) many += get("/", "");
  wire.say(many);
  int before = -1;
  while (bench.service.served != before) {  // until nothing moves any more
    before = bench.service.served;
    bool later = false;
    bench.loop.after(30ms, [&] { later = true; });
    REQUIRE(bench.until([&] { return later; }));
  }
  CHECK(bench.service.served < 200);
  wire.stream->pause_reading(false);
  REQUIRE(bench.until([&] { return count(wire.heard, "HTTP/1.1 200") == 300; }));
}

TEST_CASE("HEAD answers with the length and without the body") {
  Workbench bench;
  Folder folder;
  const auto path = folder.write("f", "0123456789");
  const auto heard = bench.talk("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n" + get("/next"));
  CHECK(has(heard, "Content-Length: 10\r\n"));
  CHECK_FALSE(has(heard, "HEAD /abc"));
  CHECK(has(heard, "GET /next"));
  bench.service.on_serve = [&](Request, Respond r) { r({.file = Response::File{path, 10}}); };
  const auto file = bench.talk("HEAD /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(has(file, "Content-Length: 10\r\n"));
  CHECK(body_of(file).empty());
}

TEST_CASE("a 204 and a 304 have neither body nor length") {
  Workbench bench;
  for (int status : {204, 304}) {
    bench.service.on_serve = [&](Request, Respond r) { r({.status = status, .body = "no"}); };
    const auto heard = bench.talk(get("/"));
    CHECK_FALSE(has(heard, "Content-Length"));
    CHECK(body_of(heard).empty());
  }
}

TEST_CASE("what admit refuses is answered without serving") {
  Workbench bench;
  bench.service.on_admit = [](const Head&) -> std::expected<Admission, Response> {
    return std::unexpected(Response{.status = 401, .body = "who are you"});
  };
  const auto heard = bench.talk(get("/a", "") + get("/b"));
  CHECK(count(heard, "401 Unauthorized") == 2);  // without bodies, the connection lives on
  CHECK(has(bench.talk("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"), "who are you"));
  CHECK(bench.service.served == 0);
}

TEST_CASE("malformed requests get a status and a reason, and the connection ends") {
  struct Bad {
    std::string request;
    const char* status;
  };
  const std::string host = "Host: h\r\n";
  const Bad all[] = {
      {"nonsense\r\n\r\n", " 400 "},
      {"GET / HTTP/1.1\r\n\r\n", " 400 "},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", " 400 "},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", " 505 "},
      {"GET /../etc HTTP/1.1\r\n" + host + "\r\n", " 400 "},
      {"GET /a/%2e%2e/b HTTP/1.1\r\n" + host + "\r\n", " 400 "},
      {"GET /a%2f..%2fb HTTP/1.1\r\n" + host + "\r\n", " 400 "},
      {"GET /a%00b HTTP/1.1\r\n" + host + "\r\n", " 400 "},
      {"GET /?a=%00 HTTP/1.1\r\n" + host + "\r\n", " 400 "},
      {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", " 400 "},
      {"GET example HTTP/1.1\r\n" + host + "\r\n", " 400 "},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", " 501 "},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", " 501 "},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       " 400 "},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", " 400 "},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", " 400 "},
      {"GET / HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n", " 400 "},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(20'000, 'x') + "\r\n\r\n", " 431 "},
      {"GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", " 414 "},
  };
  Workbench bench;
  for (const Bad& bad : all) {
    INFO(bad.request.substr(0, 60));
    const auto heard = bench.talk(bad.request);
    CHECK(has(heard, bad.status));
    CHECK(has(heard, "Connection: close"));
    CHECK(body_of(heard).size() > 5);
  }
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 70; ++i) many += "X: y\r\n";
  CHECK(has(bench.talk(many + "\r\n"), " 431 "));
  CHECK(bench.service.served == 0);
}

TEST_CASE("paths and queries are decoded") {
  Workbench bench;
  std::optional<Request> seen;
  bench.service.on_serve = [&](Request request, Respond r) {
    seen = std::move(request);
    r({});
  };
  bench.talk(get("/a%20b/%C3%A9+/?q=x+y%2B&empty=&flag&q=2"));
  REQUIRE(seen);
  CHECK(seen->path == "/a b/\xC3\xA9+/");
  REQUIRE(seen->query.size() == 4);
  CHECK(*seen->parameter("q") == "x y+");
  CHECK(*seen->parameter("empty") == "");
  CHECK(*seen->parameter("flag") == "");
  CHECK_FALSE(seen->parameter("none"));
  CHECK(*seen->header("HOST") == "h");
  CHECK(seen->peer_address.starts_with("127.0.0.1:"));
  bench.talk(get("http://elsewhere:80/abs?x=1"));
  CHECK(seen->path == "/abs");
}

TEST_CASE("slow senders are answered 408 and let go") {
  Workbench bench({.head_within = 30ms, .body_within = 30ms, .idle = 60ms});
  CHECK(has(bench.talk("GET / HTTP/1.1\r\nHo"), " 408 "));
  CHECK(has(bench.talk("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"), " 408 "));
  CHECK(bench.talk("") == "");  // an idle one without a word
  CHECK(bench.service.served == 0);
}

TEST_CASE("a sender that trickles its head is let go all the same") {
  Workbench bench({.head_within = 40ms});
  Wire wire(bench.loop, bench.server->port());
  std::function<void()> trickle = [&] {
    wire.say("X");
    if (!wire.closed) bench.loop.after(5ms, trickle);
  };
  wire.say("GET / HTTP/1.1\r\n");
  trickle();
  REQUIRE(bench.until([&] { return has(wire.heard, " 408 "); }));
  REQUIRE(bench.until([&] { return wire.closed; }));
}

TEST_CASE("a service that drops its Respond has the client told") {
  Workbench bench;
  bench.service.on_serve = [](Request, Respond) {};
  CHECK(has(bench.talk(get("/")), " 503 "));
}

TEST_CASE("a Respond works from another thread, also after client and server are gone") {
  Workbench bench;
  std::vector<std::thread> threads;
  std::atomic<bool> go{false};
  bench.service.on_serve = [&](Request request, Respond respond) {
    threads.emplace_back([&go, p = request.path, r = std::move(respond)]() mutable {
      if (p != "/now") go.wait(false);
      r({.body = "from afar"});
    });
  };
  CHECK(has(bench.talk(get("/now")), "from afar"));
  {
    Wire gone(bench.loop, bench.server->port()), stays(bench.loop, bench.server->port());
    gone.say(get("/wait"));
    stays.say(get("/wait"));
    REQUIRE(bench.until([&] { return bench.service.served == 3; }));
    gone.stream->close();
    REQUIRE(bench.until([&] { return gone.closed; }));
    go = true;
    go.notify_all();
    REQUIRE(bench.until([&] { return has(stays.heard, "from afar"); }));
    go = false;
    Wire last(bench.loop, bench.server->port());
    last.say(get("/wait"));
    REQUIRE(bench.until([&] { return bench.service.served == 4; }));
    bench.server.reset();
    go = true;
    go.notify_all();
    for (auto& t : threads) t.join();
    CHECK(bench.until([&] { return last.closed; }));
    CHECK(last.heard.empty());
  }
}

TEST_CASE("a client that half-closes after its request is still answered") {
  Workbench bench;
  bench.service.on_serve = [&](Request, Respond respond) {
    bench.loop.after(5ms, [r = std::move(respond)]() mutable { r({.body = "late"}); });
  };
  Wire wire(bench.loop, bench.server->port());
  wire.say(get("/a", "") + get("/b", ""));
  wire.stream->finish();
  REQUIRE(bench.until([&] { return bench.server->connections() == 0 && wire.closed; }));
  CHECK(bench.service.served == 2);
}

TEST_CASE("events stream with names and ids, and resume where the client says") {
  Workbench bench;
  std::shared_ptr<EventChannel> channel;
  std::string resumed;
  bench.service.on_serve = [&](Request request, Respond r) {
    if (const auto* id = request.header("Last-Event-ID")) resumed = *id;
    r({.events = [&](std::shared_ptr<EventChannel> c) { channel = std::move(c); }});
  };
  Wire wire(bench.loop, bench.server->port());
  wire.say(get("/events", "Last-Event-ID: 41\r\n"));
  REQUIRE(bench.until([&] { return channel != nullptr; }));
  CHECK(resumed == "41");
  std::thread other([&] {
    CHECK(channel->send("wave", "one\ntwo", "42"));
    CHECK(channel->send("", "forged\r\nevent: x", "4\n3"));
  });
  other.join();
  REQUIRE(bench.until([&] { return has(wire.heard, "forged"); }));
  CHECK(has(wire.heard, "Content-Type: text/event-stream\r\n"));
  CHECK(body_of(wire.heard) ==
        "id: 42\nevent: wave\ndata: one\ndata: two\n\nid: 43\ndata: forged\ndata: event: x\n\n");
  wire.stream->close();
  REQUIRE(bench.until([&] { return !channel->open(); }));
  CHECK_FALSE(channel->send("", "nobody hears", ""));
}

TEST_CASE("an event stream ends when nobody can send on it any more") {
  Workbench bench;
  bench.service.on_serve = [&](Request, Respond r) {
    r({.events = [](std::shared_ptr<EventChannel> c) { c->send("", "only one"); }});
  };
  CHECK(has(bench.talk(get("/events")), "data: only one\n\n"));
}

TEST_CASE("a client that does not read its events is closed after 1 MiB") {
  Workbench bench;
  std::shared_ptr<EventChannel> channel;
  bench.service.on_serve = [&](Request, Respond r) {
    r({.events = [&](std::shared_ptr<EventChannel> c) { channel = std::move(c); }});
  };
  Wire wire(bench.loop, bench.server->port());
  wire.stream->pause_reading(true);
  wire.say(get("/events"));
  REQUIRE(bench.until([&] { return channel != nullptr; }));
  const std::string data(100'000, 'x');
  int sent = 0;
  REQUIRE(bench.until([&] {
    if (channel->send("", data)) ++sent;
    return !channel->open();
  }));
  CHECK(sent >= 10);
  CHECK(bench.until([&] { return bench.server->connections() == 0; }));
}

TEST_CASE("drain lets the answer under way finish, ends the idle, and takes no one new") {
  Workbench bench;
  std::optional<Respond> waiting;
  bench.service.on_serve = [&](Request request, Respond respond) {
    if (request.path == "/events")
      return respond(
          {.events = [&](std::shared_ptr<EventChannel> c) { bench.loop.after(1h, [c] {}); }});
    waiting = std::move(respond);
  };
  Wire idle(bench.loop, bench.server->port()), busy(bench.loop, bench.server->port()),
      events(bench.loop, bench.server->port());
  busy.say(get("/work", ""));
  events.say(get("/events"));
  REQUIRE(bench.until([&] {
    return waiting && has(events.heard, "event-stream") && bench.server->connections() == 3;
  }));
  bool drained = false;
  bench.server->drain([&] { drained = true; });
  REQUIRE(bench.until([&] { return idle.closed && events.closed; }));
  CHECK_FALSE(drained);
  Wire late(bench.loop, bench.server->port());
  REQUIRE(bench.until([&] { return late.closed; }));
  (*waiting)({.body = "the work is done"});
  REQUIRE(bench.until([&] { return drained; }));
  REQUIRE(bench.until([&] { return busy.closed; }));
  CHECK(has(busy.heard, "the work is done"));
  CHECK(has(busy.heard, "Connection: close"));
}
