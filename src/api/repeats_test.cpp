#include "api/internal/repeats.h"

#include <catch2/catch.hpp>

#include "api/internal/test_door.h"

namespace muster::api {
namespace {

using internal::Header;
using internal::TestDoor;

const Header key{"Idempotency-Key", "7d1c"};
const std::string meter = R"({"name":"meter","interval_s":60})";

}  // namespace

TEST_CASE("a request that is sent again with its key has its effect once and the same answer") {
  TestDoor door;
  const auto first = door.post("/api/v1/models", meter, {key});
  CHECK(first.status == 201);
  CHECK(first.header("Idempotent-Replay").empty());
  const auto size = door.world.whole.ledger.size();
  const auto again = door.post("/api/v1/models", meter, {key});
  CHECK(again.status == 201);
  CHECK(again.text == first.text);
  CHECK(again.header("Idempotent-Replay") == "true");
  CHECK(door.world.whole.ledger.size() == size);
}

TEST_CASE("a key belongs to one request of one operator for a day") {
  TestDoor door;
  REQUIRE(door.post("/api/v1/models", meter, {key}).status == 201);
  for (const auto& [path, body] :
       {std::pair("/api/v1/models", R"({"name":"pump"})"), {"/api/v1/rollouts", meter.c_str()}}) {
    const auto other = door.post(path, body, {key});
    CHECK(other.status == 409);
    CHECK(other.word("field") == "Idempotency-Key");
  }
  CHECK(door.call(door.oper, "POST", "/api/v1/models", R"({"name":"pump"})", {key}).status == 201);
  door.world.clock.pass(24h);
  CHECK(door.post("/api/v1/models", R"({"name":"valve"})", {key}).status == 201);
}

TEST_CASE("a key has 1 to 128 characters") {
  TestDoor door;
  CHECK(door.post("/api/v1/models", meter, {{"Idempotency-Key", ""}}).status == 400);
  CHECK(door.post("/api/v1/models", meter, {{"Idempotency-Key", std::string(129, 'k')}}).status ==
        400);
  CHECK(door.post("/api/v1/models", meter, {{"Idempotency-Key", std::string(128, 'k')}}).status ==
        201);
}

TEST_CASE("a request that was refused may be sent again, corrected, with the same key") {
  TestDoor door;
  CHECK(door.post("/api/v1/models", R"({"nam":"meter"})", {key}).status == 400);
  CHECK(door.post("/api/v1/models", meter, {key}).status == 201);
}

TEST_CASE("an answer that held a secret is not kept: the repeat is told that it was done") {
  TestDoor door;
  const std::string device = R"({"id":"meter-1","model":"meter"})";
  const auto first = door.post("/api/v1/devices", device, {key});
  REQUIRE(first.status == 201);
  const std::string token = first.word("token");
  REQUIRE_FALSE(token.empty());
  const auto again = door.post("/api/v1/devices", device, {key});
  CHECK(again.status == 409);
  CHECK(again.word("detail").find("done already") != std::string::npos);
  auto rows = door.world.whole.store.read("SELECT body FROM repeat");
  while (rows.next()) CHECK(rows.text(0).find(token) == std::string::npos);
}

TEST_CASE("two uploads of different content under one key are not taken for one") {
  TestDoor door;
  const auto first =
      door.upload(door.oper, "firmware 1", {key, TestDoor::content_digest("firmware 1")});
  CHECK(first.status == 201);
  CHECK(
      door.upload(door.oper, "firmware 2", {key, TestDoor::content_digest("firmware 2")}).status ==
      409);
  const auto again =
      door.upload(door.oper, "firmware 1", {key, TestDoor::content_digest("firmware 1")});
  CHECK(again.status == 201);
  CHECK(again.word("digest") == first.word("digest"));
}

TEST_CASE("a dry run is refused where there is none, and is never taken for the request itself") {
  TestDoor door;
  for (const char* wrong : {"/api/v1/models?dry_run=true", "/api/v1/devices?dry_run=true",
                            "/api/v1/devices?dry_run=false", "/api/v1/rollouts?dry_run=yes",
                            "/api/v1/rollouts?dry_run"}) {
    const auto refused = door.post(wrong, R"({"name":"meter"})");
    CHECK(refused.status == 400);
    if (std::string_view(wrong).find("rollouts") == std::string_view::npos)
      CHECK(refused.word("field") == "?dry_run");
  }
  CHECK(door.world.whole.inventory.models().empty());
  CHECK(door.call(door.admin, "DELETE", "/api/v1/operators/vera?dry_run=true").status == 400);
  CHECK(door.call(door.viewer, "GET", "/api/v1/fleet").status == 200);
}

}  // namespace muster::api
