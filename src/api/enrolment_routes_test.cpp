// Makers, profiles and the devices that wait, as operators see them.
#include <catch2/catch.hpp>
#include <map>

#include "api/internal/test_door.h"
#include "crypto/internal/test_maker.h"

namespace muster::api {
namespace {

using internal::Json;
using internal::TestDoor;

std::string new_maker(const crypto::TestMaker& maker, const char* models) {
  return wire::to_text(
      Json::object({{"name", "acme"},
                    {"models", expect(wire::parse_json(models))},
                    {"certificates_pem", crypto::certificate_pem(maker.root.der)}}));
}

// A device that knocks, and the answer: it waits.
Result<link::Reply> knock(TestDoor& door, const crypto::BornDevice& device) {
  const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  const auto& spki = key.public_key().spki();
  Result<link::Reply> out = fail(Fault::internal, "not answered");
  door.world.desk.ask(link::Enrol{.user = {},
                                  .token = {},
                                  .spki = spki,
                                  .csr_digest = crypto::sha256(spki),
                                  .claimed_name = {},
                                  .from = "198.51.100.7:4000",
                                  .chain = device.chain},
                      [&](Result<link::Reply> reply) { out = std::move(reply); });
  while (door.world.desk.drain() > 0) {
  }
  return out;
}

}  // namespace

TEST_CASE("a maker is trusted by an admin, listed, and distrusted") {
  TestDoor door;
  const crypto::TestMaker maker;
  const auto body = new_maker(maker, R"(["meter","pump"])");
  CHECK(door.call(door.oper, "POST", "/api/v1/makers", body).status == 403);
  CHECK(door.post("/api/v1/makers", body).status == 201);
  CHECK(door.post("/api/v1/makers", body).status == 409);
  const auto list = door.get("/api/v1/makers");
  REQUIRE(list.at("items").items()->size() == 1);
  CHECK(wire::to_text(*list.at("items").items()->front().find("models")) == R"(["meter","pump"])");
  CHECK(door.post("/api/v1/makers", new_maker(maker, "[]")).word("field") == "/models");
  CHECK(door.call(door.admin, "DELETE", "/api/v1/makers/acme").status == 204);
  CHECK(door.call(door.admin, "DELETE", "/api/v1/makers/acme").status == 404);
}

TEST_CASE("a profile keeps what an edit leaves out") {
  TestDoor door;
  CHECK(door.get("/api/v1/enrolment-profiles").number("total") == 1);
  REQUIRE(door.post("/api/v1/enrolment-profiles",
                    R"({"name":"fields","unknown":"park","models":["meter"],"retry_after_s":5})")
              .status == 201);
  const auto edited =
      door.post("/api/v1/enrolment-profiles", R"({"name":"fields","server_keys":true})");
  CHECK(edited.word("unknown") == "park");
  CHECK(edited.number("retry_after_s") == 5);
  CHECK(door.post("/api/v1/enrolment-profiles", R"({"name":"mime"})").word("field") == "/name");
  CHECK(door.post("/api/v1/enrolment-profiles", R"({"name":"x","unknown":"maybe"})").status == 400);
  CHECK(door.post("/api/v1/enrolment-profiles", R"({"name":"x","makers":["nobody"]})").status ==
        400);
  CHECK(door.call(door.admin, "DELETE", "/api/v1/enrolment-profiles/fields").status == 204);
  CHECK(door.call(door.admin, "DELETE", "/api/v1/enrolment-profiles/default").status == 404);
}

TEST_CASE("a device that waits is listed, approved or rejected") {
  TestDoor door;
  const crypto::TestMaker maker;
  REQUIRE(door.post("/api/v1/makers", new_maker(maker, R"(["meter"])")).status == 201);
  REQUIRE(door.post("/api/v1/enrolment-profiles",
                    R"({"name":"default","unknown":"park","retry_after_s":5})")
              .status == 201);
  const auto first = maker.bear("A1"), second = maker.bear("A2");
  const auto answer = expect(knock(door, first));
  REQUIRE(std::holds_alternative<link::Later>(answer));
  CHECK(std::get<link::Later>(answer).seconds == 5);
  expect(knock(door, second));
  const auto list = door.get("/api/v1/enrolments");
  REQUIRE(list.at("items").items()->size() == 2);
  std::map<std::string, std::string> ids;
  for (const auto& each : *list.at("items").items())
    ids[*each.find("serial")->text()] = *each.find("id")->text();
  const auto at = [&](const char* serial) { return "/api/v1/enrolments/" + ids[serial]; };
  CHECK(door.call(door.viewer, "POST", at("A1") + "/approve", R"({"device":"m-1"})").status == 403);
  const auto approved = door.post(at("A1") + "/approve", R"({"device":"m-1","groups":["north"]})");
  CHECK(approved.status == 201);
  CHECK(approved.header("Location") == "/api/v1/devices/m-1");
  CHECK(door.get("/api/v1/devices/m-1").word("serial") == "A1");
  CHECK(door.post(at("A1") + "/approve", R"({"device":"m-2"})").status == 404);
  CHECK(door.post(at("A2") + "/reject", R"({"reason":"not ours"})").status == 204);
  CHECK(*door.get("/api/v1/enrolments").at("items").items()->front().find("state")->text() ==
        "rejected");
  CHECK(door.get("/api/v1/enrolments?state=waiting").number("total") == 0);
  CHECK(door.get("/api/v1/enrolments?state=rejected").number("total") == 1);
  CHECK_FALSE(knock(door, second));
  CHECK(door.post("/api/v1/devices/m-1/allow-birth", R"({"reason":"new board"})").status == 204);
  CHECK(door.post("/api/v1/devices/m-9/allow-birth", R"({"reason":"new board"})").status == 404);
}

TEST_CASE("a voucher that is none is refused, and says which") {
  TestDoor door;
  const crypto::TestMaker maker;
  const std::string body = R"({"maker":"acme","vouchers":["MAA="]})";
  CHECK(door.post("/api/v1/vouchers", body).status == 404);
  REQUIRE(door.post("/api/v1/makers", new_maker(maker, R"(["meter"])")).status == 201);
  const auto refused = door.post("/api/v1/vouchers?dry_run=true", body);
  CHECK(refused.status == 400);
  CHECK(refused.word("field") == "/vouchers/0");
}

}  // namespace muster::api
