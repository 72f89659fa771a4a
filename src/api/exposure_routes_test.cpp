// Vulnerabilities at the operator door.
#include <catch2/catch.hpp>

#include "api/internal/test_door.h"
#include "exposure/test_bundle.h"

namespace muster::api::internal {
namespace {

using exposure::testing::bill;
using exposure::testing::grave;
using exposure::testing::osv;

const std::string cve = "CVE-2026-1000";

std::string body(std::initializer_list<Json::Member> members) {
  return wire::to_text(Json::object(members));
}

// Two meters run 1.0.0, which holds a vulnerable package; 1.1.0 is published, and has not.
struct City {
  City() {
    for (const char* name : {"meter-1", "meter-2"}) {
      door.world.bring(name);
      expect(door.world.whole.inventory.reported(device_id(name), "1.0.0", "", {}));
    }
    release = door.world.publish("1.1.0", "mended");
  }
  Answered bring_bill(const std::string& version, const std::string& text) {
    return door.post("/api/v1/sboms",
                     body({{"model", "meter"}, {"version", version}, {"document", text}}));
  }
  Answered trust() {
    return door.post(
        "/api/v1/advisory-keys",
        body({{"feed", "debian"}, {"public_key_pem", publisher.key.public_key().pem()}}));
  }
  Answered import(const std::string& documents) {
    const auto envelope = publisher.envelope(++sequence, documents, door.world.clock.now());
    return door.post("/api/v1/advisories", body({{"envelope", expect(wire::parse_json(envelope))},
                                                 {"documents", documents}}));
  }
  TestDoor door;
  exposure::testing::Publisher publisher;
  std::uint64_t sequence = 0;
  std::string release;
};

const std::string openssl = osv("DSA-1", cve, "openssl", "3.0.11-1", grave);

}  // namespace

TEST_CASE(
    "from a bill and an advisory to the devices that are affected, and to a rollout that mends "
    "them") {
  City city;
  CHECK(city.bring_bill("1.0.0", bill({"openssl@3.0.9-1"})).status == 201);
  CHECK(city.trust().status == 201);
  const auto imported = city.import(openssl);
  CHECK(imported.status == 201);
  CHECK(imported.number("findings") == 1);
  const auto listed = city.door.get("/api/v1/vulnerabilities");
  CHECK(listed.word("items.0.id") == cve);
  CHECK(listed.number("items.0.devices") == 2);
  CHECK(listed.word("items.0.severity") == "critical");
  const std::string path = "/api/v1/vulnerabilities/" + cve;
  CHECK(city.door.get(path).word("findings.0.state") == "open");
  CHECK(city.door.get(path + "/devices?limit=1").word("items.0.device") == "meter-1");
  CHECK(city.door.get(path + "/devices").number("total") == 2);

  const auto before = city.door.get(path + "/plan");
  CHECK(before.word("without_remedy.0.model") == "meter");
  CHECK(city.bring_bill("1.1.0", bill({"openssl@3.0.11-1"})).status == 201);
  const auto plan = city.door.get(path + "/plan");
  CHECK(plan.word("rollouts.0.version") == "1.1.0");
  CHECK(plan.number("rollouts.0.devices") == 2);
  const auto started =
      city.door.post("/api/v1/rollouts", wire::to_text(plan.at("rollouts.0.rollout")));
  INFO(started.text);
  CHECK(started.status == 201);
  CHECK(started.word("release.version") == "1.1.0");
  CHECK(city.door.get("/api/v1/rollouts/1/targets").number("total") == 2);
}

TEST_CASE("an exception is made with an owner and an end, listed, and ended") {
  City city;
  city.bring_bill("1.0.0", bill({"openssl@3.0.9-1"}));
  city.trust();
  city.import(openssl);
  const std::string path = "/api/v1/vulnerabilities/" + cve + "/exceptions";
  const auto until = rfc3339(city.door.world.clock.now() + 48h);
  const auto whole = body({{"owner", "bob"}, {"reason", "not reachable"}, {"until", until}});
  CHECK(city.door.call(city.door.oper, "POST", path, whole).status == 403);
  CHECK(city.door.post(path, body({{"reason", "x"}, {"until", until}})).word("field") == "/owner");
  CHECK(city.door.post(path, whole).status == 201);
  CHECK(city.door.get("/api/v1/vulnerabilities").number("items.0.devices") == 0);
  CHECK(city.door.get("/api/v1/patch-exceptions").at("items.0.in_force") == Json(true));
  CHECK(city.door.call(city.door.admin, "DELETE", "/api/v1/patch-exceptions/1").status == 204);
  CHECK(city.door.get("/api/v1/vulnerabilities").number("items.0.devices") == 2);
}

TEST_CASE("the patch policy sets the clocks, and what is past them is told of") {
  City city;
  city.bring_bill("1.0.0", bill({"openssl@3.0.9-1"}));
  city.trust();
  city.import(openssl);
  CHECK(city.door.get("/api/v1/patch-policy").number("days.critical.moderate") == 14);
  CHECK(city.door.post("/api/v1/patch-policy", R"({"days":{"critical":{"moderate":-1}}})")
            .word("field") == "/days/critical/moderate");
  CHECK(city.door.post("/api/v1/patch-policy", R"({"days":{"critical":{"moderate":2}}})").status ==
        200);
  CHECK(city.door.get("/api/v1/overdue-patches").number("total") == 0);
  city.door.world.clock.pass(49h);
  CHECK(city.door.get("/api/v1/overdue-patches").word("items.0.version") == "1.0.0");
}

TEST_CASE("what is not signed, does not read or is not there is refused") {
  City city;
  CHECK(city.import(openssl).status == 422);
  city.trust();
  CHECK(city.import("{}\n").word("field") == "/documents");
  CHECK(city.bring_bill("1.0.0", "{}").word("field") == "/document");
  CHECK(city.door.get("/api/v1/vulnerabilities/CVE-1999-1").status == 404);
  CHECK(city.door.call(city.door.viewer, "POST", "/api/v1/sboms", "{}").status == 403);
  CHECK(city.door.get("/api/v1/advisory-feeds").number("total") == 0);
  city.sequence = 9;
  CHECK(city.import(openssl).status == 201);
  city.sequence = 3;
  CHECK(city.import(openssl).status == 409);
  CHECK(city.door.get("/api/v1/advisory-feeds").number("items.0.sequence") == 10);
  CHECK(city.door.get("/api/v1/advisory-keys").word("items.0.feed") == "debian");
  CHECK(city.door.get("/api/v1/sboms").number("total") == 0);
}

}  // namespace muster::api::internal
