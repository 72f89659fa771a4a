#include "api/internal/door.h"

#include <catch2/catch.hpp>

#include "api/internal/test_door.h"

namespace muster::api {
namespace {

using internal::Answered;
using internal::Header;
using internal::TestDoor;

// A path of the pattern, with something in each parameter's place.
std::string path_of(const Route& route) {
  std::string path = route.pattern;
  for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
    path.replace(at, path.find('}') - at + 1, "1");
  return path;
}

bool allowed(Role have, Role need) {
  return static_cast<int>(have) >= static_cast<int>(need);
}

std::string cookie_of(const Answered& answer) {
  const std::string set = answer.header("Set-Cookie");
  return set.substr(0, set.find(';'));
}

std::string log_in(TestDoor& door, const std::string& name) {
  const std::string link = door.operators.new_link(name);
  door.world.desk.drain();
  return cookie_of(door.call("", "POST", "/api/v1/session", R"({"link":")" + link + "\"}"));
}

}  // namespace

TEST_CASE("every route refuses strangers with 401 and lower roles with 403, before anything else") {
  TestDoor door;
  for (const Route& route : all_routes()) {
    INFO(route.method << ' ' << route.pattern);
    const std::string path = path_of(route);
    const auto stranger = door.call("", route.method, path, "{}");
    CHECK(stranger.status == 401);
    CHECK(stranger.header("WWW-Authenticate").starts_with("Bearer"));
    CHECK(door.call("no-such-token", route.method, path, "{}").status == 401);
    for (const auto& [token, role] :
         {std::pair(door.viewer, Role::viewer), {door.oper, Role::operator_}}) {
      const auto answer = door.call(token, route.method, path, "{}");
      CHECK((answer.status == 403) == !allowed(role, route.role));
      if (answer.status == 403)
        CHECK(answer.word("detail").find(name_of(route.role)) != std::string::npos);
    }
  }
}

TEST_CASE("a viewer may read everything but who the operators are, and change nothing") {
  for (const Route& route : all_routes()) {
    INFO(route.method << ' ' << route.pattern);
    const bool reads = route.method == std::string_view("GET");
    const bool own_link = route.pattern == std::string_view("/api/v1/session-links");
    const bool operators = std::string_view(route.pattern).starts_with("/api/v1/operators");
    CHECK((route.role == Role::viewer) == ((reads && !operators) || own_link));
    CHECK((route.run != nullptr) != (route.later != nullptr));
  }
}

TEST_CASE("refusals are in the ledger: who, for what, and how often, once a second") {
  TestDoor door;
  const auto size = door.world.whole.ledger.size();
  for (int n = 0; n < 10; ++n) door.call(door.viewer, "POST", "/api/v1/models", "{}");
  CHECK(door.world.whole.ledger.size() == size + 1);
  door.world.clock.pass(1s);
  door.call("", "GET", "/api/v1/fleet");
  auto entries = expect(door.world.whole.ledger.entries(size, 10));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].entry.action == "operator.refused");
  CHECK(entries[0].entry.actor.name == "operator:vera");
  CHECK(entries[0].entry.target == "api/api/v1/models");
  CHECK(entries[1].entry.actor.name == "peer:198.51.100.7:4000");
  CHECK(*entries[1].entry.detail.find("times")->integer() == 10);
}

TEST_CASE("a problem has type, title, status and detail, and names the field at fault") {
  TestDoor door;
  const auto refused = door.post("/api/v1/models", R"({"name":"meter","colour":"red"})");
  CHECK(refused.status == 400);
  CHECK(refused.header("Content-Type") == "application/problem+json");
  CHECK(refused.header("Cache-Control") == "no-store");
  CHECK(refused.word("type") == "/problems/invalid");
  CHECK_FALSE(refused.word("title").empty());
  CHECK(refused.number("status") == 400);
  CHECK_FALSE(refused.word("detail").empty());
  CHECK(refused.word("field") == "/colour");

  const auto broken = door.post("/api/v1/models", "{");
  CHECK(broken.status == 400);
  CHECK(broken.word("detail").find("not JSON") != std::string::npos);
  CHECK(door.post("/api/v1/models").status == 400);
  CHECK(door.post("/api/v1/models", "[]").status == 400);
  CHECK(door.get("/api/v1/devices/nobody").word("type") == "/problems/missing");
  CHECK(door.get("/api/v1/devices/no%20body").status == 400);
  CHECK(door.get("/api/v1/devices?limit=0").word("field") == "?limit");
  CHECK(door.get("/api/v1/devices?limit=1001").status == 400);
  CHECK(door.get("/api/v1/devices?limit=ten").status == 400);
}

TEST_CASE("paths that are not there are 404, methods that a path does not take 405 with Allow") {
  TestDoor door;
  CHECK(door.get("/api/v1/nothing").status == 404);
  CHECK(door.get("/api/v2/devices").status == 404);
  CHECK(door.get("/ledger/nothing").status == 404);
  struct {
    const char *method, *path, *allow;
  } wrong[] = {{"DELETE", "/api/v1/devices", "GET, POST"},
               {"PUT", "/api/v1/session", "GET, POST, DELETE"},
               {"POST", "/api/v1/events", "GET"},
               {"POST", "/api/v1/openapi.json", "GET"},
               {"DELETE", "/metrics", "GET"},
               {"POST", "/healthz", "GET"},
               {"GET", "/api/v1/session-links", "POST"},
               {"PATCH", "/ledger/checkpoint", "GET"}};
  for (const auto& [method, path, allow] : wrong) {
    INFO(method << ' ' << path);
    const auto answer = door.call(door.admin, method, path);
    CHECK(answer.status == 405);
    CHECK(answer.header("Allow") == allow);
    CHECK(answer.header("Content-Type") == "application/problem+json");
  }
  CHECK(door.call(door.admin, "POST", "/index.html").status == 404);
}

TEST_CASE("HEAD is answered wherever GET is") {
  TestDoor door;
  for (const char* path :
       {"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/api/v1/fleet", "/"})
    CHECK(door.call(door.admin, "HEAD", path).status == 200);
  CHECK(door.call("", "HEAD", "/api/v1/fleet").status == 401);
}

TEST_CASE("health and readiness need no token; readiness is the domain's own word") {
  TestDoor door;
  CHECK(door.call("", "GET", "/healthz").text == "ok\n");
  CHECK(door.call("", "GET", "/readyz").text == "ready\n");
  door.world.desk.stop();
  REQUIRE(door.world.desk.run());
  CHECK(door.call("", "GET", "/healthz").status == 200);
  const auto stopped = door.call("", "GET", "/readyz");
  CHECK(stopped.status == 503);
  CHECK(stopped.header("Retry-After") == "5");
}

TEST_CASE("metrics are Prometheus text: each family once, with help, type and numbers") {
  TestDoor door;
  const auto answer = door.call("", "GET", "/metrics");
  CHECK(answer.status == 200);
  CHECK(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  std::set<std::string> families;
  std::string family;
  std::istringstream lines(answer.text);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    if (line.starts_with("muster_gateway_")) continue;
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK(families.insert(family).second);
      CHECK(family.starts_with("muster_"));
    } else if (line.starts_with("# TYPE ")) {
      CHECK(line.starts_with("# TYPE " + family + ' '));
      const bool counter = line.ends_with(" counter");
      CHECK((counter || line.ends_with(" gauge")));
      CHECK(counter == family.ends_with("_total"));
    } else {
      CHECK((line.starts_with(family + ' ') || line.starts_with(family + '{')));
      const std::string value = line.substr(line.rfind(' ') + 1);
      CHECK(value.find_first_not_of("0123456789") == std::string::npos);
    }
  }
  CHECK(families.contains("muster_devices"));
  CHECK(answer.text.ends_with("muster_gateway_sessions 3\n"));
}

TEST_CASE("a one-time link opens one session, as the operator it was made for") {
  TestDoor door;
  const auto made = door.call(door.oper, "POST", "/api/v1/session-links", "{}");
  REQUIRE(made.status == 201);
  const std::string url = made.word("url");
  REQUIRE(url.starts_with("https://muster.test:8443/login#"));
  CHECK(made.word("expires_at") == rfc3339(door.world.clock.now() + 15min));
  const std::string body = R"({"link":")" + url.substr(url.find('#') + 1) + "\"}";

  const auto opened = door.call("", "POST", "/api/v1/session", body);
  CHECK(opened.status == 201);
  CHECK(opened.word("name") == "olaf");
  CHECK(opened.word("role") == "operator");
  const std::string cookie = opened.header("Set-Cookie");
  for (const char* part : {"HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=43200"})
    CHECK(cookie.find(part) != std::string::npos);

  const Header session{"Cookie", "theme=dark; " + cookie_of(opened)};
  CHECK(door.call("", "GET", "/api/v1/session", "", {session}).word("name") == "olaf");
  CHECK(door.call("", "GET", "/api/v1/operators", "", {session}).status == 403);
  CHECK(door.call("", "GET", "/api/v1/session", "", {{"Cookie", "x" + cookie_of(opened)}}).status ==
        401);

  const auto again = door.call("", "POST", "/api/v1/session", body);
  CHECK(again.status == 401);
  CHECK(again.word("field") == "/link");
}

TEST_CASE("a link expires after a quarter of an hour and a session after twelve hours") {
  TestDoor door;
  const std::string link = door.operators.new_link("vera");
  door.world.clock.pass(15min);
  CHECK(door.call("", "POST", "/api/v1/session", R"({"link":")" + link + "\"}").status == 401);
  const Header session{"Cookie", log_in(door, "vera")};
  door.world.clock.pass(12h - 1s);
  CHECK(door.call("", "GET", "/api/v1/session", "", {session}).status == 200);
  door.world.clock.pass(1s);
  CHECK(door.call("", "GET", "/api/v1/session", "", {session}).status == 401);
  CHECK(door.call("", "POST", "/api/v1/session", R"({"link":""})").status == 401);
  CHECK(door.call("", "POST", "/api/v1/session", R"({"lnk":"x"})").status == 400);
}

TEST_CASE("logging out ends the session at once, and is harmless without one") {
  TestDoor door;
  const Header session{"Cookie", log_in(door, "vera")};
  const auto out = door.call("", "DELETE", "/api/v1/session", "", {session});
  CHECK(out.status == 204);
  CHECK(out.header("Set-Cookie").find("Max-Age=0") != std::string::npos);
  CHECK(door.call("", "GET", "/api/v1/session", "", {session}).status == 401);
  CHECK(door.call("", "DELETE", "/api/v1/session").status == 204);
}

TEST_CASE("removing an operator ends the token, the sessions, the links and the right to upload") {
  TestDoor door;
  Operators::Hashes hashes;
  door.operators.on_change([&](Operators::Hashes now) { hashes = std::move(now); });
  const Header session{"Cookie", log_in(door, "olaf")};
  const std::string link = door.operators.new_link("olaf");
  const auto made = door.post("/api/v1/operators", R"({"name":"otto","role":"operator"})");
  REQUIRE(made.status == 201);
  CHECK(hashes.uploaders.size() == 3);  // ann, olaf, otto; vera only looks
  CHECK(hashes.everybody.size() == 5);  // and olaf's session
  CHECK(door.call(door.admin, "DELETE", "/api/v1/operators/olaf").status == 204);
  CHECK(hashes.uploaders.size() == 2);
  CHECK(hashes.everybody.size() == 3);
  CHECK(door.call(door.oper, "GET", "/api/v1/fleet").status == 401);
  CHECK(door.call("", "GET", "/api/v1/fleet", "", {session}).status == 401);
  CHECK(door.call("", "POST", "/api/v1/session", R"({"link":")" + link + "\"}").status == 401);
  CHECK(door.call(door.admin, "DELETE", "/api/v1/operators/olaf").status == 404);
  CHECK(door.call(door.admin, "DELETE", "/api/v1/operators/ann").status == 409);
}

TEST_CASE("an upload needs the token of who may upload before its body is taken") {
  TestDoor door{{.artifact_max = 1'000'000}};
  auto admitted = [&](const std::string& method, const std::string& path,
                      const std::string& token) {
    return door.service.admit(
        TestDoor::request(method, path, "", {{"Authorization", "Bearer " + token}}));
  };
  for (const std::string& token : {std::string(), std::string("guess"), door.viewer}) {
    const auto refused = admitted("POST", "/api/v1/artifacts", token);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 401);
  }
  const auto size = door.world.whole.ledger.size();
  door.world.desk.drain();
  CHECK(door.world.whole.ledger.size() == size + 1);  // refusals are recorded here too
  for (const std::string& token : {door.oper, door.admin}) {
    const auto taken = admitted("POST", "/api/v1/artifacts", token);
    REQUIRE(taken);
    CHECK(taken->body_max == 1'000'000);
    CHECK(taken->spool_to == door.world.whole.releases.spool());
  }
  CHECK(admitted("POST", "/api/v1/manifests", door.oper)->body_max > 10'000'000);
  CHECK(admitted("POST", "/api/v1/manifests", "guess")->body_max < 1'000'000);
  CHECK(admitted("POST", "/api/v1/session", "")->body_max < 1'000'000);
  CHECK(admitted("GET", "/api/v1/artifacts", "")->spool_to.empty());
  CHECK(admitted("DELETE", "/api/v1/session", "")->body_max <= 4'096);
}

TEST_CASE("a body larger than a login's needs a known token or session before it is taken") {
  TestDoor door;
  const std::string session = log_in(door, "vera");
  door.service.set_hashes(door.operators.hashes());
  auto admitted = [&](Header who, std::size_t octets) {
    auto request = TestDoor::request("POST", "/api/v1/models", std::string(octets, ' '), {who});
    return door.service.admit(request);
  };
  const std::string known[] = {"Bearer " + door.viewer, "Bearer " + door.oper};
  for (const std::string& token : known) {
    const auto taken = admitted({"Authorization", token}, 200'000);
    REQUIRE(taken);
    CHECK(taken->body_max >= 200'000);
    CHECK_FALSE(taken->stranger);
  }
  CHECK(admitted({"Cookie", session}, 200'000)->body_max >= 200'000);
  const Header strangers[] = {
      {"Accept", "*/*"}, {"Authorization", "Bearer guess"}, {"Cookie", "muster_session=guess"}};
  for (const Header& stranger : strangers) {
    const auto refused = admitted(stranger, 5'000);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 401);
    CHECK(admitted(stranger, 4'096)->body_max == 4'096);  // so much when its length is not told
    CHECK(admitted(stranger, 4'096)->stranger);
  }
}

TEST_CASE("the ledger's tiles are open to anybody only where the setting says so") {
  for (const bool open : {false, true}) {
    TestDoor door{{.ledger_public = open}};
    const int expected = open ? 200 : 401;
    const std::string width = std::to_string(door.world.whole.ledger.size());
    CHECK(door.call("", "GET", "/ledger/checkpoint").status == expected);
    CHECK(door.call("", "GET", "/ledger/tile/0/000.p/" + width).status == expected);
    CHECK(door.call("", "GET", "/ledger/tile/entries/000.p/" + width).status == expected);
    CHECK(door.call("", "GET", "/api/v1/ledger/checkpoint").status == 401);
    CHECK(door.call(door.viewer, "GET", "/ledger/checkpoint").status == 200);
  }
}

}  // namespace muster::api
