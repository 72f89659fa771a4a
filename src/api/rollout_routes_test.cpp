// Plans with terms, gates that can be watched, and proposals, as operators see them.
#include <catch2/catch.hpp>

#include "api/internal/test_door.h"

namespace muster::api {
namespace {

using internal::Json;
using internal::TestDoor;

std::string publish(TestDoor& door) {
  const std::string content = "firmware";
  const auto stored = door.upload(door.oper, content, {TestDoor::content_digest(content)});
  return door
      .post("/api/v1/releases",
            R"({"model":"meter","version":"1.0.0","digest":")" + stored.word("digest") + "\"}")
      .word("id");
}

std::string body(const std::string& release, const std::string& more = "") {
  return R"({"release":")" + release + R"(","waves":[{"share_permille":1000}])" + more + "}";
}

}  // namespace

TEST_CASE("a plan's terms are taken, shown, and tried out with who gets it and when") {
  TestDoor door;
  for (int n = 0; n < 100; ++n) door.world.bring("meter-" + std::to_string(100 + n));
  const std::string release = publish(door);
  const std::string terms =
      R"(,"gate":{"harm_permille":50,"control_permille":100},"limits":{"per_minute":60},)"
      R"("windows":[{"from_minute":0,"to_minute":0,"zone":"CET-1CEST,M3.5.0,M10.5.0/3"}],)"
      R"("needs":{"hardware":["B"]},"spread":["site"],"follow":true)";
  const auto unfit = door.post("/api/v1/rollouts?dry_run=true", body(release, terms));
  CHECK(unfit.number("targets") == 0);
  CHECK(unfit.word("left_out.0.why") == "is hardware unknown, which the release is not for");

  const std::string fit = R"(,"gate":{"control_permille":100},"way_back":{"per_minute":10})";
  const auto tried = door.post("/api/v1/rollouts?dry_run=true", body(release, fit));
  CHECK(tried.number("waves.0") == 90);
  CHECK(tried.number("schedule.1.targets") == 10);
  CHECK(tried.at("schedule.0.first").items()->size() == 90);
  CHECK(tried.word("seed").size() == 16);
  const auto started = door.post("/api/v1/rollouts",
                                 body(release, fit + R"(,"seed":")" + tried.word("seed") + "\""));
  REQUIRE(started.status == 201);
  CHECK(started.number("terms.gate.control_permille") == 100);
  CHECK(started.number("terms.way_back.per_minute") == 10);
  CHECK(started.at("waves.1.control") == Json(true));
  CHECK(started.word("gate.answer") == "hold");
  CHECK(started.at("gate.evidence").items()->size() == 6);
}

TEST_CASE("terms that cannot be are refused by their pointer") {
  TestDoor door;
  door.world.bring("meter-1");
  const std::string release = publish(door);
  for (const auto& [terms, field] :
       {std::pair(R"(,"gate":{"harm":1})", "/gate/harm"),
        {R"(,"gate":{"streams":["mood"]})", "/gate/streams"},
        {R"(,"gate":{"otherwise":"hope"})", "/gate/otherwise"},
        {R"(,"windows":[{"from_minute":1,"to_minute":2,"zone":"Mars"}])", "/windows/0/zone"},
        {R"(,"windows":[{"from_minute":1,"to_minute":2,"where":"(("}])", "/windows/0/where"},
        {R"(,"limits":{"site_at_once":1})", "/limits/sites"},
        {R"(,"way_back":{"shares_permille":[500]})", "/way_back/shares_permille"},
        {R"(,"needs":{"versions":{"boot":7}})", "/needs/versions"},
        {R"(,"seed":"12")", "/seed"},
        {R"(,"retry_of":7)", "/retry_of"}}) {
    const auto refused = door.post("/api/v1/rollouts", body(release, terms));
    INFO(terms << ' ' << refused.text);
    CHECK(refused.status >= 400);
    CHECK(refused.word("field") == field);
  }
}

TEST_CASE("a proposal is changed, refused with an old digest and to its author, and approved") {
  TestDoor door;
  for (int n = 0; n < 4; ++n) door.world.bring("meter-" + std::to_string(n));
  door.world.whole.rollouts.need_approval(true);
  const std::string release = publish(door);
  CHECK(door.post("/api/v1/rollouts", body(release)).status == 409);
  const auto made = door.call(door.oper, "POST", "/api/v1/proposals", body(release));
  REQUIRE(made.status == 201);
  CHECK(made.word("author") == "operator:olaf");
  CHECK(made.word("state") == "waiting");
  const std::string path = made.header("Location");
  const auto approval = [](const std::string& digest) { return R"({"digest":")" + digest + "\"}"; };
  CHECK(door.call(door.oper, "POST", path + "/approve", approval(made.word("digest"))).status ==
        403);
  const auto changed = door.call(door.oper, "PUT", path, body(release, R"(,"deadline_s":600)"));
  CHECK(changed.number("plan.deadline_s") == 600);
  CHECK(changed.word("digest") != made.word("digest"));
  const auto stale = door.post(path + "/approve", approval(made.word("digest")));
  CHECK(stale.status == 409);
  CHECK(stale.word("field") == "/digest");
  const auto approved = door.post(path + "/approve", approval(changed.word("digest")));
  CHECK(approved.word("state") == "approved");
  CHECK(approved.word("approver") == "operator:ann");
  CHECK(door.get("/api/v1/rollouts/" + std::to_string(approved.number("rollout")))
            .number("deadline_s") == 600);
  CHECK(door.get("/api/v1/proposals").number("total") == 1);
  CHECK(door.post(path + "/withdraw", R"({"reason":"no"})").status == 409);
}

}  // namespace muster::api
