// Certificates by their end, evidence of boots and refusals, as operators read them.
#include <catch2/catch.hpp>

#include "api/internal/test_door.h"

namespace muster::api {

using internal::TestDoor;

TEST_CASE("certificates are listed by their end, and those whose renewal is overdue alone") {
  TestDoor door;
  door.world.enrol("meter-1");
  CHECK(door.get("/api/v1/certificates?expiring=29d").number("total") == 0);
  const auto all = door.get("/api/v1/certificates?expiring=31d");
  CHECK(all.number("total") == 1);
  CHECK(all.word("items.0.subject") == "meter-1");
  CHECK(all.word("items.0.kind") == "device");
  CHECK(door.get("/api/v1/certificates?overdue=true").number("total") == 0);

  door.world.clock.pass(23 * 24h);  // of thirty days
  door.world.enrol("meter-2");
  const auto overdue = door.get("/api/v1/certificates?overdue=true");
  CHECK(overdue.number("total") == 1);
  CHECK(overdue.word("items.0.subject") == "meter-1");
  CHECK(door.get("/api/v1/certificates?expiring=31d&overdue=false").number("total") == 2);
  CHECK(door.get("/api/v1/certificates?expiring=1d&overdue=true").number("total") == 0);
}

TEST_CASE("a list of certificates says which, and a filter says how") {
  TestDoor door;
  CHECK(door.get("/api/v1/certificates").word("field") == "?expiring");
  CHECK(door.get("/api/v1/certificates?overdue=false").word("field") == "?expiring");
  CHECK(door.get("/api/v1/certificates?overdue=1").word("field") == "?overdue");
  CHECK(door.get("/api/v1/certificates?overdue=true&expiring=soon").word("field") == "?expiring");
  CHECK(door.get("/api/v1/enrolments?state=new").word("field") == "?state");
}

TEST_CASE("a device without a TPM has shown no register") {
  TestDoor door;
  door.world.enrol("meter-1");
  const auto evidence = door.get("/api/v1/devices/meter-1/attestation");
  CHECK(evidence.status == 200);
  CHECK(evidence.word("state") == "unknown");
  CHECK(evidence.at("at").is_null());
  REQUIRE(evidence.at("registers").items());
  CHECK(evidence.at("registers").items()->empty());
  CHECK(door.get("/api/v1/devices/meter-9/attestation").status == 404);
}

TEST_CASE("entries of one action are found, of one target or of all, newest first") {
  TestDoor door;
  for (const char* id : {"meter-1", "meter-2", "meter-3"}) door.world.enrol(id);
  const auto issued = door.get("/api/v1/ledger/entries?action=certificate.issued&limit=2");
  CHECK(issued.number("total") == 3);
  CHECK(issued.word("items.0.target") == "device/meter-3");
  const auto rest = door.get("/api/v1/ledger/entries?action=certificate.issued&limit=2&cursor=" +
                             issued.word("next"));
  CHECK(rest.word("items.0.target") == "device/meter-1");
  CHECK(rest.at("next").is_null());
  const auto of_one =
      door.get("/api/v1/ledger/entries?action=certificate.issued&target=device/meter-2");
  CHECK(of_one.number("total") == 1);
  CHECK(of_one.word("items.0.action") == "certificate.issued");
  CHECK(door.get("/api/v1/ledger/entries?action=nothing.done").number("total") == 0);
}

}  // namespace muster::api
