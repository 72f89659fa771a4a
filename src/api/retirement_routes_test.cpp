// Retirement at the operator door.
#include <catch2/catch.hpp>

#include "api/internal/test_door.h"
#include "wire/sanitisation.h"
#include "wire/update.h"

namespace muster::api::internal {
namespace {

const std::string reason = R"({"reason":"sold"})";
const std::string requests = "/api/v1/retirements";

// An active device with its key, which brings what an order asks for.
struct Meter {
  Meter(TestDoor& d, const std::string& name) : door(d), id(device_id(name)) {
    auto token = expect(door.world.decide([&](desk::Domain& domain) {
      return domain.identity.expect({.id = id, .model = model_id("meter")}, ann);
    }));
    const Bytes spki = key.public_key().spki();
    certificate = expect(door.world.ask(
        link::Enrol{name, token.text, spki, crypto::sha256(spki), name, "198.51.100.7:4000"}));
  }
  Result<std::string> state_it() {
    auto text = expect(door.world.ask(link::GetWipeOrder{id}));
    const auto order = expect(wire::read_wipe_order(expect(wire::parse_envelope(text)).content));
    const auto said = wire::to_text(wire::Statement{.device = id,
                                                    .order = order.number,
                                                    .nonce = order.nonce,
                                                    .technique = "overwritten",
                                                    .tool = "test",
                                                    .version = "1",
                                                    .keys = {},
                                                    .wiped = {},
                                                    .at = door.world.clock.now()});
    return door.world.ask(link::Sanitised{id, certificate, said, expect(key.sign(bytes_of(said)))});
  }
  TestDoor& door;
  DeviceId id;
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  Bytes certificate;
};

}  // namespace

TEST_CASE("a retirement goes from its request to a certificate that the ledger knows") {
  TestDoor door;
  Meter meter(door, "meter-1");
  const std::string path = "/api/v1/devices/meter-1";
  CHECK(door.get(path + "/sanitisation").status == 404);
  CHECK(door.post(path + "/retire", R"({"reason":"sold","deadline_s":3600})").status == 200);
  CHECK(door.get(requests + "/1").word("state") == "running");
  CHECK(door.get(requests + "/1/devices").word("items.0.step") == "wiping");
  const auto watcher = door.watch(door.viewer);
  REQUIRE(watcher);
  expect(meter.state_it());
  CHECK(watcher->count("retirement") == 1);
  CHECK(door.get(path).word("state") == "retired");
  CHECK(door.get(requests).word("items.0.state") == "done");
  const auto certificate = door.call(door.viewer, "GET", path + "/sanitisation");
  CHECK(certificate.status == 200);
  CHECK(certificate.word("signed.method") == "clear");
  const auto digest = to_hex(crypto::sha256(bytes_of(certificate.text)));
  CHECK(door.get(path + "/history").text.find(digest) != std::string::npos);
}

TEST_CASE("two operators: who asks may not approve, another may, and rejecting needs a word") {
  TestDoor door;
  const auto ben = expect(door.operators.add("ben", Role::admin, ann));
  door.service.set_token_roles(door.operators.token_roles());
  Meter meter(door, "meter-1");
  CHECK(door.post("/api/v1/models", R"({"name":"meter","second_operator":true})").status == 201);
  const std::string one = R"({"name":"meter","second_operator":false})";
  CHECK(door.call(door.oper, "POST", "/api/v1/models", one).status == 403);
  const auto asked = door.post("/api/v1/devices/meter-1/retire", reason);
  CHECK(asked.status == 202);
  CHECK(asked.word("state") == "active");
  CHECK(door.get(requests + "/1").word("state") == "waiting");
  CHECK(door.call(door.oper, "POST", requests + "/1/approve").status == 403);
  CHECK(door.post(requests + "/1/approve").status == 403);
  CHECK(door.get("/api/v1/devices/meter-1").word("state") == "active");
  CHECK(door.call(ben, "POST", requests + "/1/reject", "{}").word("field") == "/reason");
  const auto approved = door.call(ben, "POST", requests + "/1/approve");
  CHECK(approved.status == 200);
  CHECK(approved.word("decided_by") == "operator:ben");
  CHECK(door.get("/api/v1/devices/meter-1").word("state") == "retiring");
  CHECK(door.call(ben, "POST", requests + "/1/reject", reason).status == 409);
}

TEST_CASE("an admin alone cannot take the second operator off a model") {
  TestDoor door;
  const auto ben = expect(door.operators.add("ben", Role::admin, ann));
  door.service.set_token_roles(door.operators.token_roles());
  Meter meter(door, "meter-1");
  const std::string models = "/api/v1/models", own = models + "/meter";
  const std::string two = R"({"name":"meter","second_operator":true})",
                    one = R"({"name":"meter","second_operator":false})";
  CHECK(door.post(models, two).status == 201);
  const auto asked = door.post(models, one);
  CHECK(asked.status == 202);
  CHECK(asked.text.find(R"("second_operator":true)") != std::string::npos);
  CHECK(asked.word("one_operator_asked_by") == "operator:ann");
  CHECK(door.post(models, one).status == 403);  // nor by asking again
  CHECK(door.post(models, R"({"name":"meter","interval_s":9})").status == 201);
  CHECK(door.get(own).word("one_operator_asked_by") == "operator:ann");
  CHECK(door.post("/api/v1/devices/meter-1/retire", reason).status == 202);

  CHECK(door.call(ben, "POST", models, two).status == 201);  // the other one says no
  CHECK(door.get(own).text.find("operator:ann") == std::string::npos);
  CHECK(door.call(ben, "POST", models, one).status == 202);
  const auto agreed = door.post(models, one);
  CHECK(agreed.status == 201);
  CHECK(agreed.text.find(R"("second_operator":false)") != std::string::npos);
  CHECK(door.get(requests + "/1").word("state") == "waiting");  // what was asked before stays so
  const auto entries = door.get("/api/v1/ledger/entries?from=0").text;
  CHECK(entries.find("model.one-operator-refused") != std::string::npos);
}

TEST_CASE("many at once by a selector, and what cannot be is refused by its pointer") {
  TestDoor door;
  for (int n = 0; n < 3; ++n) door.world.bring("meter-" + std::to_string(n));
  for (const auto& [body, status, field] :
       {std::tuple(R"({"reason":"x"})", 400, "/devices"),
        {R"({"reason":"x","devices":["meter-1"],"selector":"true"})", 400, "/devices"},
        {R"({"reason":"x","selector":"(("})", 400, "/selector"},
        {R"({"reason":"x","selector":"id == \"none\""})", 400, "/selector"},
        {R"({"reason":"x","devices":["meter-1","meter-9"]})", 404, "/devices"},
        {R"({"reason":"x","devices":["../1"]})", 400, "/devices/0"},
        {R"({"selector":"true"})", 400, "/reason"},
        {R"({"reason":"x","selector":"true","deadline_s":0})", 400, "/deadline_s"}}) {
    const auto refused = door.post(requests, body);
    INFO(body << ' ' << refused.text);
    CHECK(refused.status == status);
    CHECK(refused.word("field") == field);
  }
  CHECK(door.call(door.oper, "POST", requests, R"({"reason":"x","selector":"true"})").status ==
        403);
  const auto all = door.post(requests, R"({"reason":"sold","selector":"model == \"meter\""})");
  CHECK(all.status == 201);
  CHECK(all.number("devices") == 3);
  CHECK(door.get("/api/v1/devices?state=retiring").number("total") == 3);
  door.world.desk.tick();  // without a certificate they cannot state anything
  door.world.desk.drain();
  CHECK(door.get("/api/v1/devices?state=revoked-unsanitised").number("total") == 3);
  const auto gone = door.post("/api/v1/devices/meter-1/destroyed", R"({"evidence":"crushed"})");
  CHECK(gone.word("state") == "retired");
  CHECK(door.get("/api/v1/devices/meter-1/sanitisation").word("signed.method") == "destroy");
  CHECK(door.get(requests + "/7").status == 404);
}

}  // namespace muster::api::internal
