// Devices, models, manifests and applications, as operators see them.
#include <catch2/catch.hpp>

#include "api/internal/test_door.h"
#include "wire/manifest.h"

namespace muster::api {
namespace {

using internal::ann;
using internal::Answered;
using internal::device_id;
using internal::Header;
using internal::Json;
using internal::TestDoor;

const std::string reason = R"({"reason":"behaves oddly"})";

void expect_devices(TestDoor& door, int count) {
  for (int n = 0; n < count; ++n)
    expect(door.world.whole.identity.expect(
        {.id = device_id("meter-" + std::to_string(100 + n)), .model = internal::model_id("meter")},
        ann));
  door.world.desk.drain();
}

std::string quoted(const std::string& text) {
  return wire::to_text(Json(text));
}

// All pages of a list, each of `limit` items; checks that no page is larger and the total agrees.
std::vector<std::string> all_pages(TestDoor& door, const std::string& path, int limit,
                                   const char* name) {
  std::vector<std::string> out;
  std::string cursor;
  do {
    const auto page = door.get(path + (path.find('?') == std::string::npos ? '?' : '&') + "limit=" +
                               std::to_string(limit) + (cursor.empty() ? "" : "&cursor=" + cursor));
    REQUIRE(page.status == 200);
    const Json items = page.at("items");
    REQUIRE(items.items()->size() <= static_cast<std::size_t>(limit));
    for (const Json& item : *items.items()) out.push_back(wire::to_text(*item.find(name)));
    cursor = page.word("next");
    if (cursor.empty()) CHECK(page.number("total") == static_cast<std::int64_t>(out.size()));
  } while (!cursor.empty());
  return out;
}

}  // namespace

TEST_CASE("an expected device comes with a token, once, and shows what is known of it") {
  TestDoor door;
  const auto made = door.post(
      "/api/v1/devices",
      R"({"id":"meter-1","model":"meter","groups":["north"],"serial":"S1","risk":"high"})");
  REQUIRE(made.status == 201);
  CHECK(made.header("Location") == "/api/v1/devices/meter-1");
  CHECK_FALSE(made.word("token").empty());
  CHECK_FALSE(made.word("token_expires_at").empty());
  CHECK(made.word("device.state") == "expected");

  const auto shown = door.get("/api/v1/devices/meter-1");
  CHECK(shown.status == 200);
  CHECK(shown.header("ETag") == '"' + std::to_string(shown.number("revision")) + '"');
  CHECK(shown.word("risk") == "high");
  CHECK(shown.word("groups.0") == "north");
  CHECK(shown.at("certificate").is_null());
  CHECK(shown.at("isolation").is_null());
  CHECK(shown.at("token").is_null());

  CHECK(door.post("/api/v1/devices", R"({"id":"meter-1","model":"meter"})").status == 409);
  const auto token = door.post("/api/v1/devices/meter-1/token", "{}");
  CHECK(token.status == 201);
  CHECK(token.word("token") != made.word("token"));
}

TEST_CASE("a device that is not well described is refused by its pointer and leaves no entry") {
  TestDoor door;
  const auto size = door.world.whole.ledger.size();
  struct {
    const char *body, *field;
  } wrong[] = {{R"({"model":"meter"})", "/id"},
               {R"({"id":"a b","model":"meter"})", "/id"},
               {R"({"id":"meter-1"})", "/model"},
               {R"({"id":"meter-1","model":""})", "/model"},
               {R"({"id":"meter-1","model":"meter","risk":"huge"})", "/risk"},
               {R"({"id":"meter-1","model":"meter","groups":"north"})", "/groups"},
               {R"({"id":"meter-1","model":"meter","groups":[7]})", "/groups/0"},
               {R"({"id":"meter-1","model":"meter","state":"active"})", "/state"}};
  for (const auto& [body, field] : wrong) {
    const auto refused = door.post("/api/v1/devices", body);
    INFO(body << ' ' << refused.text);
    CHECK(refused.status == 400);
    CHECK(refused.word("field") == field);
  }
  CHECK(door.world.whole.ledger.size() == size);
}

TEST_CASE("a device is edited by who says which revision they read") {
  TestDoor door;
  expect_devices(door, 1);
  const std::string path = "/api/v1/devices/meter-100";
  const std::string etag = door.get(path).header("ETag");
  const std::string body = R"({"groups":["south"],"desired":{"rate":5},"risk":"low"})";
  const auto unsaid = door.call(door.admin, "PATCH", path, body);
  CHECK(unsaid.status == 428);
  CHECK(unsaid.word("field") == "If-Match");
  CHECK(door.call(door.admin, "PATCH", path, body, {{"If-Match", "\"not one\""}}).status == 412);
  const auto edited = door.call(door.admin, "PATCH", path, body, {{"If-Match", etag}});
  CHECK(edited.status == 200);
  CHECK(edited.header("ETag") != etag);
  CHECK(edited.number("desired.rate") == 5);
  CHECK(door.call(door.admin, "PATCH", path, body, {{"If-Match", etag}}).status == 412);
  CHECK(door.call(door.admin, "PATCH", path, R"({"risk":"high"})", {{"If-Match", "*"}}).status ==
        200);
  for (const auto& [wrong, field] : {std::pair(R"({"desired":7})", "/desired"),
                                     {R"({"risk":"none"})", "/risk"},
                                     {R"({"id":"other"})", "/id"},
                                     {R"({"groups":null})", "/groups"}}) {
    const auto refused = door.call(door.admin, "PATCH", path, wrong, {{"If-Match", "*"}});
    INFO(wrong << ' ' << refused.text);
    CHECK(refused.status == 400);
    CHECK(refused.word("field") == field);
  }
}

TEST_CASE("an operator isolates, releases and retires a device and says why") {
  TestDoor door;
  door.world.enrol("meter-1");
  const std::string path = "/api/v1/devices/meter-1";
  for (const char* act : {"/isolate", "/release", "/retire"})
    for (const std::string& body : {std::string("{}"), std::string(R"({"reason":""})"),
                                    R"({"reason":")" + std::string(513, 'x') + "\"}"}) {
      const auto refused = door.post(path + act, body);
      CHECK(refused.status == 400);
      CHECK(refused.word("field") == "/reason");
    }
  CHECK(door.post(path + "/release", reason).status == 409);
  const auto cut = door.post(path + "/isolate", reason);
  CHECK(cut.status == 200);
  CHECK(cut.word("device.state") == "quarantined");
  CHECK(cut.word("device.isolation.reason") == "behaves oddly");
  CHECK(cut.number("device.isolation.incident") == cut.number("incident"));
  CHECK_FALSE(door.world.pushes.empty());
  CHECK(door.post(path + "/release", reason).word("state") == "active");
  CHECK(door.call(door.oper, "POST", path + "/retire", reason).status == 403);
  const auto leaving = door.post(path + "/retire", reason);
  CHECK(leaving.status == 200);
  CHECK(leaving.word("state") == "retiring");
  CHECK(leaving.word("retirement.step") == "wiping");
  CHECK(door.post(path + "/retire", reason).status == 409);
  CHECK(door.post(path + "/token", "{}").status == 409);
  CHECK(door.call(door.admin, "PATCH", path, R"({"risk":"low"})", {{"If-Match", "*"}}).status ==
        409);
}

TEST_CASE("a device that never came can be retired, and a second time is refused without a trace") {
  TestDoor door;
  expect_devices(door, 1);
  const std::string path = "/api/v1/devices/meter-100";
  CHECK(door.post(path + "/isolate", reason).status == 409);
  CHECK(door.post(path + "/retire", reason).word("state") == "retired");
  const auto size = door.world.whole.ledger.size();
  for (const char* act : {"/isolate", "/release", "/token"})
    CHECK(door.post(path + act, act == std::string_view("/token") ? "{}" : reason).status == 409);
  CHECK(door.world.whole.ledger.size() == size);
}

TEST_CASE("the list of devices is paged, searched and filtered") {
  TestDoor door;
  expect_devices(door, 25);
  for (const int limit : {1, 7, 25, 1000}) {
    const auto all = all_pages(door, "/api/v1/devices", limit, "id");
    CHECK(all.size() == 25);
    CHECK(std::ranges::is_sorted(all));
  }
  CHECK(door.get("/api/v1/devices?q=meter-11").number("total") == 10);
  CHECK(door.get("/api/v1/devices?state=active").number("total") == 0);
  CHECK(door.get("/api/v1/devices?state=expected&limit=1").number("total") == 25);
  CHECK(door.get("/api/v1/devices?state=asleep").word("field") == "?state");
  CHECK(door.get("/api/v1/devices?selector=((").word("field") == "?selector");
  CHECK(door.get("/api/v1/devices?cursor=*").word("field") == "?cursor");
}

TEST_CASE("a device's history is its ledger entries, newest first, page by page") {
  TestDoor door;
  expect_devices(door, 2);
  for (int n = 0; n < 30; ++n)
    door.call(door.admin, "PATCH", "/api/v1/devices/meter-100",
              R"({"desired":{"n":)" + std::to_string(n) + "}}", {{"If-Match", "*"}});
  const auto all = all_pages(door, "/api/v1/devices/meter-100/history", 7, "index");
  const auto there = expect(door.world.whole.ledger.about("device/meter-100", 1'000)).size();
  CHECK(there > 30);
  CHECK(all.size() == there);
  CHECK(std::set(all.begin(), all.end()).size() == there);
  CHECK(all == all_pages(door, "/api/v1/ledger/entries?target=device/meter-100", 10, "index"));
  CHECK(std::ranges::is_sorted(
      all, [](const auto& a, const auto& b) { return std::stoi(a) > std::stoi(b); }));
  CHECK(door.get("/api/v1/devices/meter-100/history?cursor=bm8").status == 400);
}

TEST_CASE("metrics and series come from telemetry, with the model's units") {
  TestDoor door;
  expect_devices(door, 1);
  REQUIRE(door.post("/api/v1/models",
                    R"({"name":"meter","metrics":[{"name":"power","unit":"W","min":0}]})")
              .status == 201);
  const auto slot = door.telemetry->slot(device_id("meter-100"), internal::model_id("meter"));
  const Instant at = door.world.clock.now() - 10min;
  link::Batch batch{.received = at, .messages = {}, .readings = {}, .names = "power"};
  batch.messages.push_back({.slot = slot, .bytes = 50, .first = 0, .count = 1});
  batch.readings.push_back({0, 5, millis(at), 42.5});
  std::promise<void> kept;
  door.telemetry->take(0, std::move(batch), [&](Result<void>, link::Batch) { kept.set_value(); });
  kept.get_future().get();

  const std::string path = "/api/v1/devices/meter-100";
  const auto metrics = door.get(path + "/metrics");
  CHECK(metrics.word("items.0.metric") == "power");
  CHECK(metrics.word("items.0.unit") == "W");
  CHECK(metrics.at("items.0.last.value") == Json(42.5));
  const auto series = door.get(path + "/series?metric=power");
  CHECK(series.number("buckets.0.count") == 1);
  CHECK(series.word("unit") == "W");
  // An hour up to ?to, when only that is said.
  const auto to = rfc3339(at + 1min);
  CHECK(door.get(path + "/series?metric=power&to=" + to).number("buckets.0.count") == 1);
  CHECK(door.get(path + "/series?metric=power&to=" + rfc3339(at)).at("buckets").items()->empty());
  CHECK(door.get(path + "/series?metric=heat").status == 404);
  for (const auto& [query, field] : {std::pair("", "?metric"),
                                     {"?metric=power&from=now", "?from"},
                                     {"?metric=power&to=x", "?to"},
                                     {"?metric=power&points=0", "?points"},
                                     {"?metric=power&from=2040-01-01T00:00:00Z", "?from"}})
    CHECK(door.get(path + "/series" + query).word("field") == field);
  CHECK(door.get("/api/v1/devices/nobody/metrics").status == 404);
}

TEST_CASE("models are made, listed, shown and changed") {
  TestDoor door;
  const std::string body =
      R"({"name":"meter","risk":"high","interval_s":30,"metrics":[{"name":"power","unit":"W","min":0,"max":null}]})";
  const auto made = door.post("/api/v1/models", body);
  REQUIRE(made.status == 201);
  CHECK(made.number("interval_s") == 30);
  CHECK(made.word("metrics.0.unit") == "W");
  CHECK(made.at("metrics.0.max").is_null());
  const std::string etag = made.header("ETag");
  CHECK(door.get("/api/v1/models/meter").header("ETag") == etag);
  CHECK(door.get("/api/v1/models/pump").status == 404);
  CHECK(door.call(door.admin, "PATCH", "/api/v1/models/meter", "{}").status == 428);
  const auto changed = door.call(door.admin, "PATCH", "/api/v1/models/meter",
                                 R"({"interval_s":10})", {{"If-Match", etag}});
  CHECK(changed.status == 200);
  CHECK(changed.number("interval_s") == 10);
  CHECK(changed.word("risk") == "high");  // what is absent stays
  CHECK(changed.word("metrics.0.name") == "power");
  CHECK(door.call(door.admin, "PATCH", "/api/v1/models/meter", R"({"name":"pump"})",
                  {{"If-Match", "*"}})
            .word("field") == "/name");
  CHECK(door.call(door.admin, "PATCH", "/api/v1/models/meter", "{}", {{"If-Match", etag}}).status ==
        412);
  CHECK(door.call(door.admin, "PATCH", "/api/v1/models/pump", "{}", {{"If-Match", "*"}}).status ==
        404);
  for (int n = 0; n < 4; ++n)
    door.post("/api/v1/models", R"({"name":"m)" + std::to_string(n) + "\"}");
  CHECK(all_pages(door, "/api/v1/models", 2, "name").size() == 5);
  for (const auto& [wrong, field] :
       {std::pair(R"({"name":"m","interval_s":0})", "/interval_s"),
        {R"({"name":"m","metrics":{}})", "/metrics"},
        {R"({"name":"m","metrics":[{"name":"p","min":"low"}]})", "/metrics/0/min"},
        {R"({"name":"m","metrics":[{"name":"p","unit":"seventeen letters"}]})", "/metrics/0/unit"},
        {R"({"name":"m","risk":"none"})", "/risk"}}) {
    const auto refused = door.post("/api/v1/models", wrong);
    INFO(wrong << ' ' << refused.text);
    CHECK(refused.status == 400);
    CHECK(refused.word("field") == field);
  }
}

TEST_CASE("a signed manifest is tried out, then imported, by a key that an admin trusts") {
  TestDoor door;
  const auto maker = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  const auto trusted =
      R"({"name":"maker","public_key_pem":)" + quoted(maker.public_key().pem()) + "}";
  CHECK(door.call(door.oper, "POST", "/api/v1/manifest-keys", trusted).status == 403);
  CHECK(door.post("/api/v1/manifest-keys", R"({"name":"maker","public_key_pem":"none"})")
            .word("field") == "/public_key_pem");
  CHECK(door.post("/api/v1/manifest-keys", trusted).status == 201);
  CHECK(door.get("/api/v1/manifest-keys").word("items.0.name") == "maker");

  wire::Manifest manifest{.owner = "the city", .devices = {}};
  manifest.devices.push_back({.id = device_id("meter-1"), .model = internal::model_id("meter")});
  const std::string text = wire::to_json_text(manifest);
  auto body = [&](const Bytes& signature) {
    return R"({"manifest":)" + quoted(text) + R"(,"signature":")" + to_base64(signature) + "\"}";
  };
  const Bytes signature = expect(maker.sign(bytes_of(text)));
  const auto tried = door.post("/api/v1/manifests?dry_run=true", body(signature));
  CHECK(tried.status == 200);
  CHECK(tried.number("imported") == 1);
  CHECK(door.get("/api/v1/devices").number("total") == 0);
  const auto imported = door.post("/api/v1/manifests", body(signature));
  CHECK(imported.status == 201);
  CHECK(imported.word("tokens.0.device") == "meter-1");
  CHECK(door.get("/api/v1/devices").number("total") == 1);
  CHECK(door.post("/api/v1/manifests", body(Bytes(64, 1))).status >= 400);
  CHECK(door.post("/api/v1/manifests", R"({"manifest":"","signature":"*"})").word("field") ==
        "/signature");
}

TEST_CASE("applications are added with a token and removed by an admin") {
  TestDoor door;
  const auto made = door.post("/api/v1/applications",
                              R"({"id":"grafana","subscribe":["v1/devices/+/telemetry"]})");
  REQUIRE(made.status == 201);
  CHECK_FALSE(made.word("token").empty());
  CHECK(door.get("/api/v1/applications").word("items.0.subscribe.0") == "v1/devices/+/telemetry");
  CHECK(door.call(door.admin, "DELETE", "/api/v1/applications/grafana").status == 204);
  CHECK(door.call(door.admin, "DELETE", "/api/v1/applications/grafana").status == 404);
  CHECK(door.post("/api/v1/applications", R"({"id":"x","subscribe":["#"]})").status == 400);
}

}  // namespace muster::api
