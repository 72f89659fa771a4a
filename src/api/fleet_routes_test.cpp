// Releases, rollouts, incidents, webhooks, operators, the ledger and the fleet, as operators see
// them.
#include <catch2/catch.hpp>

#include "api/internal/test_door.h"
#include "crypto/merkle.h"

namespace muster::api {
namespace {

using internal::ann;
using internal::Answered;
using internal::device_id;
using internal::Header;
using internal::Json;
using internal::TestDoor;

std::string publish(TestDoor& door, const std::string& version) {  // its id
  const std::string content = "firmware " + version;
  const auto stored = door.upload(door.oper, content, {TestDoor::content_digest(content)});
  REQUIRE(stored.status == 201);
  CHECK(stored.number("size") == static_cast<std::int64_t>(content.size()));
  const auto made =
      door.post("/api/v1/releases", R"({"model":"meter","version":")" + version +
                                        R"(","digest":")" + stored.word("digest") + "\"}");
  REQUIRE(made.status == 201);
  CHECK(made.header("Location") == "/api/v1/releases/" + made.word("id"));
  return made.word("id");
}

std::string plan(const std::string& release) {
  return R"({"release":")" + release +
         R"(","selector":"all","waves":[{"share_permille":500,"soak_s":1},{"share_permille":1000}]})";
}

}  // namespace

TEST_CASE("an artifact is stored under the digest that its sender promised") {
  TestDoor door;
  CHECK(door.upload(door.oper, "firmware").word("field") == "Content-Digest");
  CHECK(door.upload(door.oper, "firmware", {{"Content-Digest", "sha-256=:*:"}}).word("field") ==
        "Content-Digest");
  const auto wrong = door.upload(door.oper, "firmware", {TestDoor::content_digest("other")});
  CHECK(wrong.status == 422);
  CHECK(std::filesystem::is_empty(door.world.whole.releases.spool()));
  CHECK(door.upload(door.oper, "firmware", {TestDoor::content_digest("firmware")}).status == 201);
  CHECK(door.upload(door.viewer, "firmware", {TestDoor::content_digest("firmware")}).status == 403);
}

TEST_CASE("releases are published, listed newest first, and shown with their envelope") {
  TestDoor door;
  const std::string first = publish(door, "1.0.0"), second = publish(door, "1.1.0");
  const auto all = door.get("/api/v1/releases?limit=1");
  CHECK(all.number("total") == 2);
  CHECK(all.word("items.0.id") == second);
  CHECK(door.get("/api/v1/releases?limit=1&cursor=" + all.word("next")).word("items.0.id") ==
        first);
  CHECK(door.get("/api/v1/releases?model=pump").number("total") == 0);
  CHECK(door.get("/api/v1/releases?model=a%20b").word("field") == "?model");
  const auto shown = door.get("/api/v1/releases/" + first);
  CHECK(shown.word("version") == "1.0.0");
  CHECK(shown.at("envelope.signed").members());
  CHECK(door.get("/api/v1/releases/none").status == 404);
  CHECK(door.post("/api/v1/releases", R"({"model":"meter","version":"1.1.0","digest":"00"})")
            .status >= 400);
  CHECK(door.post("/api/v1/releases", R"({"envelope":{},"floor":1})").word("field") == "/floor");

  CHECK(door.get("/api/v1/release-keys").at("items.0.online") == Json(true));
  const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  CHECK(door.post("/api/v1/release-keys", R"({"name":"maker","public_key_pem":)" +
                                              wire::to_text(Json(key.public_key().pem())) + "}")
            .status == 201);
  CHECK(door.get("/api/v1/release-keys").number("total") == 2);
}

TEST_CASE("a rollout is tried out, started, paused, resumed, halted and looked at") {
  TestDoor door;
  for (int n = 0; n < 10; ++n) door.world.bring("meter-" + std::to_string(n));
  const std::string release = publish(door, "1.0.0");
  const auto tried = door.post("/api/v1/rollouts?dry_run=true", plan(release));
  CHECK(tried.status == 200);
  CHECK(tried.number("targets") == 10);
  CHECK(tried.number("waves.0") == 5);
  CHECK(door.get("/api/v1/rollouts").number("total") == 0);

  const auto started = door.post("/api/v1/rollouts", plan(release));
  REQUIRE(started.status == 201);
  CHECK(started.header("Location") == "/api/v1/rollouts/1");
  CHECK(started.word("release.version") == "1.0.0");
  CHECK(started.word("waves.0.state") == "open");
  const std::string path = "/api/v1/rollouts/1";
  CHECK(door.post(path + "/pause", R"({"reason":"lunch"})").word("state") == "paused");
  CHECK(door.post(path + "/resume").word("state") == "running");
  const auto targets = door.get(path + "/targets?limit=4");
  CHECK(targets.number("total") == 10);
  CHECK(door.get(path + "/targets?limit=7&cursor=" + targets.word("next"))
            .at("items")
            .items()
            ->size() == 6);
  CHECK(door.get(path + "/targets?outcome=lost").word("field") == "?outcome");
  CHECK(door.get(path + "/targets?outcome=installed").number("total") == 0);
  CHECK(door.post(path + "/halt", "{}").word("field") == "/reason");
  CHECK(door.post(path + "/halt", R"({"reason":"smells"})").word("reason").starts_with("smells"));
  CHECK(door.post(path + "/resume").status == 409);
  for (const char* missing :
       {"/api/v1/rollouts/2", "/api/v1/rollouts/x", "/api/v1/rollouts/99999999999999999999"})
    CHECK(door.get(missing).status == 404);
}

TEST_CASE("a plan that cannot be is refused by its pointer and starts nothing") {
  TestDoor door;
  door.world.bring("meter-1");
  const std::string release = publish(door, "1.0.0");
  const std::string begin = R"({"release":")" + release + "\",";
  for (const auto& [rest, field] :
       {std::pair(R"("waves":{}})", "/waves"),
        {R"("waves":[{}]})", "/waves/0/share_permille"},
        {R"("waves":[{"share_permille":1000,"soak_s":-1}]})", "/waves/0/soak_s"},
        {R"("waves":[{"share_permille":1000}],"selector":"(("})", "/selector"},
        {R"("waves":[{"share_permille":1000}],"deadline_s":0})", "/deadline_s"},
        {R"("waves":[{"share_permille":1000,"share":1}]})", "/waves/0/share"}}) {
    const auto refused = door.post("/api/v1/rollouts", begin + rest);
    INFO(rest << ' ' << refused.text);
    CHECK(refused.status == 400);
    CHECK(refused.word("field") == field);
  }
  CHECK(door.post("/api/v1/rollouts", plan(std::string(64, '0'))).status >= 400);
  CHECK(door.get("/api/v1/rollouts").number("total") == 0);
}

TEST_CASE("incidents are listed by state, newest first, page by page, and closed with a reason") {
  TestDoor door;
  for (int n = 0; n < 9; ++n) {
    const std::string name = "meter-" + std::to_string(n);
    door.world.bring(name);
    REQUIRE(door.post("/api/v1/devices/" + name + "/isolate", R"({"reason":"odd"})").status == 200);
    if (n % 3 == 0)
      REQUIRE(door.post("/api/v1/devices/" + name + "/release", R"({"reason":"fine"})").status ==
              200);
  }
  for (const auto& [query, count] :
       {std::pair("?", 9), {"?state=open&", 6}, {"?state=closed&", 3}}) {
    INFO(query);
    std::vector<std::int64_t> ids;
    std::string cursor;
    do {
      const auto page = door.get("/api/v1/incidents" + std::string(query) + "limit=2" +
                                 (cursor.empty() ? "" : "&cursor=" + cursor));
      REQUIRE(page.status == 200);
      CHECK(page.number("total") == count);
      const Json items = page.at("items");
      CHECK(items.items()->size() <= 2);
      for (const Json& item : *items.items()) ids.push_back(*item.find("id")->integer());
      cursor = page.word("next");
    } while (!cursor.empty());
    CHECK(ids.size() == static_cast<std::size_t>(count));
    CHECK(std::ranges::is_sorted(ids, std::greater<>()));
  }
  CHECK(door.get("/api/v1/incidents?state=lost").word("field") == "?state");
  CHECK(door.get("/api/v1/incidents/1").word("state") == "closed");
  CHECK(door.get("/api/v1/incidents/77").status == 404);
  CHECK(door.post("/api/v1/incidents/2/close", R"({"reason":"odd"})").status == 409);
  CHECK(door.post("/api/v1/incidents/2/close", "{}").word("field") == "/reason");
}

TEST_CASE("a webhook's secret is told once; deliveries are listed newest first") {
  TestDoor door;
  const auto made =
      door.post("/api/v1/webhooks", R"({"url":"https://example.org/in","events":["incident.*"]})");
  REQUIRE(made.status == 201);
  CHECK(made.word("secret").starts_with("whsec_"));
  const auto listed = door.get("/api/v1/webhooks");
  CHECK(listed.word("items.0.url") == "https://example.org/in");
  CHECK(listed.text.find("whsec_") == std::string::npos);
  for (int n = 0; n < 3; ++n) {
    door.world.bring("meter-" + std::to_string(n));
    door.post("/api/v1/devices/meter-" + std::to_string(n) + "/isolate", R"({"reason":"odd"})");
  }
  const std::string path = "/api/v1/webhooks/" + std::to_string(made.number("id"));
  const auto page = door.get(path + "/deliveries?limit=2");
  CHECK(page.number("total") == 3);
  CHECK(page.word("items.0.state") == "waiting");
  CHECK(page.number("items.0.id") > page.number("items.1.id"));
  CHECK(door.get(path + "/deliveries?limit=2&cursor=" + page.word("next"))
            .at("items")
            .items()
            ->size() == 1);
  CHECK(door.post("/api/v1/webhooks", R"({"url":"http://example.org/"})").status == 400);
  CHECK(door.call(door.admin, "DELETE", path).status == 204);
  CHECK(door.call(door.admin, "DELETE", path).status == 404);
}

TEST_CASE("operators are added with a token that works, and listed without") {
  TestDoor door;
  const auto made = door.post("/api/v1/operators", R"({"name":"otto","role":"viewer"})");
  REQUIRE(made.status == 201);
  const std::string token = made.word("token");
  CHECK(door.call(token, "GET", "/api/v1/session").word("name") == "otto");
  const auto listed = door.get("/api/v1/operators");
  CHECK(listed.number("total") == 4);
  CHECK(listed.text.find(token) == std::string::npos);
  CHECK(door.post("/api/v1/operators", R"({"name":"otto","role":"viewer"})").status == 409);
  CHECK(door.post("/api/v1/operators", R"({"name":"o o","role":"viewer"})").word("field") ==
        "/name");
  CHECK(door.post("/api/v1/operators", R"({"name":"o","role":"king"})").word("field") == "/role");
}

TEST_CASE("the ledger is read entry by entry, from anywhere, page by page") {
  TestDoor door;
  for (int n = 0; n < 20; ++n)
    door.post("/api/v1/models", R"({"name":"m)" + std::to_string(n) + "\"}");
  const auto size = static_cast<std::int64_t>(door.world.whole.ledger.size());
  std::int64_t next = 0;
  std::string cursor;
  do {
    const auto page =
        door.get("/api/v1/ledger/entries?limit=6" + (cursor.empty() ? "" : "&cursor=" + cursor));
    REQUIRE(page.number("total") == size);
    const Json items = page.at("items");
    for (const Json& item : *items.items()) CHECK(*item.find("index")->integer() == next++);
    cursor = page.word("next");
  } while (!cursor.empty());
  CHECK(next == size);
  CHECK(door.get("/api/v1/ledger/entries?from=5&limit=1").number("items.0.index") == 5);
  CHECK(door.get("/api/v1/ledger/entries?from=9223372036854775807").at("items").items()->empty());
  CHECK(door.get("/api/v1/ledger/entries?from=-1").word("field") == "?from");
  for (const char* wrong : {"LTU", "NXg", "MTg0NDY3NDQwNzM3MDk1NTE2MTY", "*"})
    CHECK(door.get(std::string("/api/v1/ledger/entries?cursor=") + wrong).word("field") ==
          "?cursor");
}

TEST_CASE("checkpoint, proofs and tiles agree with each other") {
  TestDoor door;
  for (int n = 0; n < 20; ++n)
    door.post("/api/v1/models", R"({"name":"m)" + std::to_string(n) + "\"}");
  const auto head = door.get("/api/v1/ledger/checkpoint");
  const auto note = door.get("/ledger/checkpoint");
  CHECK(note.text == head.word("note"));
  CHECK(note.header("Content-Type") == "text/plain; charset=utf-8");
  CHECK_FALSE(head.word("verifier_key").empty());
  const auto size = head.number("size");
  const std::string last = std::to_string(size - 1), all = std::to_string(size);
  CHECK_FALSE(
      door.get("/api/v1/ledger/proofs/inclusion?index=" + last).at("proof").items()->empty());
  CHECK_FALSE(
      door.get("/api/v1/ledger/proofs/consistency?from=3&to=" + all).at("proof").items()->empty());
  for (const char* path :
       {"inclusion?index=99999", "inclusion?index=0&size=99999", "inclusion?index=5&size=5",
        "consistency?from=9&to=3", "consistency?from=0&to=99999"})
    CHECK(door.get(std::string("/api/v1/ledger/proofs/") + path).status >= 400);

  const auto tile = door.get("/ledger/tile/0/000.p/" + all);
  CHECK(tile.status == 200);
  CHECK(tile.text.size() == static_cast<std::size_t>(size) * 32);
  CHECK(tile.header("Content-Type") == "application/octet-stream");
  CHECK(tile.header("Cache-Control").find("immutable") != std::string::npos);
  const auto leaf = expect(door.world.whole.ledger.leaf(0));
  CHECK(tile.text.substr(0, 32) == text_of(crypto::leaf_hash(bytes_of(leaf))));
  const auto entries = door.get("/ledger/tile/entries/000.p/" + all);
  CHECK(entries.text.substr(2, leaf.size()) == leaf);
  for (const char* none : {"0/000", "0/001.p/1", "0/00.p/1", "0/x000.p/1", "0/000.p/256",
                           "0/000.p/0", "0/000.p/", "9/000", "a/000", "0", "entries/000",
                           "0/x001/x002/x003/x004/x005/006", "0/-01.p/1", "0/000.p/99"}) {
    INFO(none);
    CHECK(door.get(std::string("/ledger/tile/") + none).status == 404);
  }
}

TEST_CASE("the fleet in figures counts what there is") {
  TestDoor door;
  for (int n = 0; n < 3; ++n) door.world.bring("meter-" + std::to_string(n));
  expect(door.world.ask(link::State{device_id("meter-0"), R"({"firmware":"1.0"})"}));
  const auto fleet = door.call(door.viewer, "GET", "/api/v1/fleet");
  CHECK(fleet.number("devices.total") == 3);
  CHECK(fleet.number("devices.online") == 3);
  CHECK(fleet.number("devices.by_state.active") == 3);
  CHECK(fleet.word("by_firmware.0.firmware") == "1.0");
  CHECK(fleet.number("ledger.size") ==
        static_cast<std::int64_t>(door.world.whole.ledger.checkpoint().size));
  CHECK(fleet.word("ledger.root") == to_hex(door.world.whole.ledger.checkpoint().root));
}

}  // namespace muster::api
