// The operator door through its sockets: TLS, uploads and event streams as a client meets them.
#include "api/api.h"

#include <catch2/catch.hpp>
#include <thread>

#include "desk/test_world.h"
#include "net/http.h"
#include "net/task.h"
#include "net/tls.h"
#include "wire/json.h"

namespace muster::api {
namespace {

using desk::testing::ann;
using net::http::Answer;
using net::http::Call;

struct Running {  // a controller as musterd runs it, but for the devices' door
  Running() {
    expect(operators.add("admin", Role::admin, ann));
    olaf = expect(operators.add("olaf", Role::operator_, ann));
    world.desk.drain();
    settings.port = 0;
    settings.public_host = "127.0.0.1";
    const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    const Instant now = system.now();
    desk::testing::Keys fresh(now);
    const auto der = expect(crypto::issue({.use = crypto::Use::server,
                                           .common_name = "door",
                                           .ip_addresses = {"127.0.0.1"},
                                           .not_before = now - 1h,
                                           .not_after = now + 1h},
                                          key.public_key(), {2}, &fresh.chain[0], fresh.issuing));
    settings.key_pem = key.private_pem();
    settings.chain_pem = crypto::certificate_pem(der);
    anchors = crypto::certificate_pem(fresh.chain[0].der);
    api = expect(Api::open(settings, world.desk, world.whole.domain, *telemetry, operators,
                           world.clock, [] { return std::string(); }));
    link = api->new_link_url();
    domain = std::thread([this] { CHECK(world.desk.run()); });
  }
  ~Running() {
    api->drain();
    world.desk.stop();
    domain.join();
  }

  Result<Answer> call(Call call) {
    net::Loop loop;
    auto tls = expect(net::TlsContext::client({.anchors_pem = anchors}));
    net::http::Client client(loop, "127.0.0.1", api->port(), &tls);
    return net::run(loop, client.call(std::move(call)));
  }
  net::http::Header bearer() const { return {"Authorization", "Bearer " + olaf}; }

  desk::testing::World world;
  desk::testing::Folder readings;
  SystemClock system;
  Settings settings;
  std::unique_ptr<desk::Telemetry> telemetry = expect(
      desk::Telemetry::open(readings.path, {}, world.clock, [](std::vector<watch::Finding>) {}));
  Operators operators =
      expect(Operators::open(world.whole.store, world.whole.ledger, world.clock, world.random));
  std::string olaf, anchors, link;
  std::unique_ptr<Api> api;
  std::thread domain;
};

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("a client reads, changes and is refused over TLS") {
  Running running;
  CHECK(running.call({.target = "/healthz"}).value().body == "ok\n");
  CHECK(running.call({.target = "/api/v1/fleet"}).value().status == 401);
  const auto fleet =
      running.call({.target = "/api/v1/fleet", .headers = {running.bearer()}}).value();
  CHECK(fleet.status == 200);
  CHECK(*fleet.header("Content-Type") == "application/json");
  const auto head =
      running.call({.method = "HEAD", .target = "/api/v1/fleet", .headers = {running.bearer()}})
          .value();
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  const auto made = running
                        .call({.method = "POST",
                               .target = "/api/v1/devices",
                               .headers = {running.bearer()},
                               .body = R"({"id":"meter-1","model":"meter"})"})
                        .value();
  CHECK(made.status == 201);
  const auto query =
      running
          .call({.target = "/api/v1/devices?selector=model%20%3D%3D%20%22meter%22&q=meter%2D1",
                 .headers = {running.bearer()}})
          .value();
  INFO(query.body);
  CHECK(query.status == 200);
  CHECK(query.body.find(R"("total":1)") != std::string::npos);
  CHECK(running.call({.method = "DELETE", .target = "/api/v1/devices"}).value().status == 405);
}

TEST_CASE("the link of the start opens a console session by its cookie") {
  Running running;
  REQUIRE(running.link.starts_with("https://127.0.0.1:" + std::to_string(running.api->port()) +
                                   "/login#"));
  const std::string body = R"({"link":")" + running.link.substr(running.link.find('#') + 1) + "\"}";
  const auto opened =
      running.call({.method = "POST", .target = "/api/v1/session", .body = body}).value();
  REQUIRE(opened.status == 201);
  const std::string cookie =
      opened.header("Set-Cookie")->substr(0, opened.header("Set-Cookie")->find(';'));
  const auto session =
      running.call({.target = "/api/v1/session", .headers = {{"Cookie", cookie}}}).value();
  CHECK(session.body == R"({"name":"admin","role":"admin"})");
}

TEST_CASE("an upload without a token is refused before its body, and one with a token is stored") {
  Running running;
  const std::string content(3 << 20, 'f');
  const auto hash = crypto::sha256(bytes_of(content));
  const auto spool = running.world.whole.releases.spool();
  auto upload = [&](std::vector<net::http::Header> headers) {
    headers.emplace_back("Content-Digest", "sha-256=:" + to_base64(hash) + ":");
    headers.emplace_back("Expect", "100-continue");
    return running.call({.method = "POST",
                         .target = "/api/v1/artifacts",
                         .headers = std::move(headers),
                         .body = content});
  };
  const auto refused = upload({});
  if (refused) CHECK(refused->status == 401);  // or the connection was closed under the body
  CHECK(files_in(spool) == 0);
  const auto stored = upload({running.bearer()});
  REQUIRE(stored);
  CHECK(stored->status == 201);
  CHECK(stored->body.find(to_hex(hash)) != std::string::npos);
  CHECK(files_in(spool) == 0);
}

TEST_CASE("an event stream over a socket tells what was missed and what comes") {
  Running running;
  std::string heard;
  std::atomic<bool> complete{false};
  std::thread watcher([&] {
    auto ended = running.call({.target = "/api/v1/events",
                               .headers = {running.bearer(), {"Last-Event-ID", "0"}},
                               .within = 20s,
                               .sink = [&](ByteView part) -> Result<void> {
                                 heard += text_of(part);
                                 if (heard.find("device.expected") == std::string::npos) return {};
                                 complete = true;
                                 return fail(Fault::unavailable, "heard enough");
                               }});
    CHECK_FALSE(ended);
  });
  const auto made = running.call({.method = "POST",
                                  .target = "/api/v1/devices",
                                  .headers = {running.bearer()},
                                  .body = R"({"id":"meter-1","model":"meter"})"});
  CHECK(made.value().status == 201);
  watcher.join();
  CHECK(complete);
  CHECK(heard.find("event: ledger") != std::string::npos);
  CHECK(heard.find("id: 1\n") != std::string::npos);
}

TEST_CASE("the door closes while requests are under way, and nobody is left waiting") {
  std::vector<std::jthread> clients;
  std::atomic<int> ended{0};
  {
    Running running;
    const auto port = running.api->port();
    for (int n = 0; n < 4; ++n)
      clients.emplace_back([&, port, anchors = running.anchors, bearer = running.bearer()] {
        net::Loop loop;
        auto tls = expect(net::TlsContext::client({.anchors_pem = anchors}));
        net::http::Client client(loop, "127.0.0.1", port, &tls);
        for (;;) {
          auto answer = net::run(
              loop, client.call({.target = "/api/v1/fleet", .headers = {bearer}, .within = 10s}));
          if (!answer || answer->status != 200) break;
        }
        ++ended;
      });
    CHECK(running.call({.target = "/readyz"}).value().status == 200);
  }
  clients.clear();
  CHECK(ended == 4);
}

}  // namespace muster::api
