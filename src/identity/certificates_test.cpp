#include <algorithm>
#include <catch2/catch.hpp>

#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;
using Catch::Contains;
using crypto::RevocationReason;

namespace {

Error refused(const Result<Principal>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == Fault::unauthorized);
  return result.error();
}

}  // namespace

TEST_CASE("a certificate stands for what the registry says of its device now") {
  World w;
  const auto print = w.enrolled("m-1");
  auto p = expect(w.identity->authenticate(print));
  CHECK_FALSE(p.application);
  CHECK(p.device.text() == "m-1");
  CHECK(p.name == "m-1");
  CHECK(p.model.text() == "meter");
  CHECK_FALSE(p.restricted);
  CHECK(p.serial == w.identity->current(device_id("m-1"))->serial);
  expect(w.inventory->quarantine(device_id("m-1"), alice(), "x"));
  CHECK(expect(w.identity->authenticate(print)).restricted);
}

TEST_CASE("authenticating writes nothing once the certificate was seen") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto print = crypto::sha256(expect(w.enrol(w.request("m-1", token, new_key()))));
  const auto issued = w.store->changes();
  expect(w.identity->authenticate(print, false));
  CHECK(w.store->changes() == issued);
  CHECK(w.identity->current(device_id("m-1"))->status == CertificateStatus::pending);
  expect(w.identity->authenticate(print));
  CHECK(w.store->changes() == issued + 1);
  CHECK(w.identity->current(device_id("m-1"))->status == CertificateStatus::valid);
  expect(w.identity->authenticate(print));
  CHECK(w.store->changes() == issued + 1);
}

TEST_CASE(
    "unknown and expired certificates are refused, and one given when our clock was ahead is not") {
  World w;
  const auto print = w.enrolled("m-1");
  crypto::Hash other = print;
  other[31] ^= 1;
  refused(w.identity->authenticate(other));
  CHECK(w.last_cause() == "certificate.refused: unknown certificate");
  w.clock.pass(-1h);
  CHECK(w.identity->authenticate(print));
  w.clock.pass(1h + 30 * 24h);
  CHECK_THAT(refused(w.identity->authenticate(print)).message, Contains("expired"));
  CHECK(w.last_entry().entry.target == "device/m-1");
}

TEST_CASE("asking without a handshake leaves no entry") {
  World w;
  const auto entries = w.ledger->size();
  refused(w.identity->authenticate({}, false));
  CHECK(w.ledger->size() == entries);
}

TEST_CASE("a revoked device is cut at once and stays out after a restart") {
  World w;
  const auto old = w.enrolled("m-1");
  const auto pending = crypto::sha256(expect(w.renew(w.renewal(old, new_key()))));
  const auto other = w.enrolled("m-2");
  expect(w.identity->revoke(device_id("m-1"), RevocationReason::key_compromise, alice(), "stolen"));
  CHECK(w.cut.size() == 2);
  CHECK(w.count("certificate.revoked") == 2);
  CHECK(w.last_entry().entry.reason == "stolen");
  CHECK_THAT(refused(w.identity->authenticate(old)).message, Contains("revoked"));
  CHECK(w.last_cause() == "certificate.refused: revoked certificate");
  refused(w.identity->authenticate(pending));
  CHECK(w.identity->authenticate(other));
  CHECK_FALSE(w.identity->current(device_id("m-1")));
  w.restart();
  refused(w.identity->authenticate(old));
  CHECK(w.identity->totals().revoked == 2);
  CHECK(w.identity->totals().valid == 1);
}

TEST_CASE("a revocation reaches superseded certificates that have not expired") {
  World w;
  const auto old = w.enrolled("m-1");
  const auto fresh = crypto::sha256(expect(w.renew(w.renewal(old, new_key()))));
  expect(w.identity->authenticate(fresh));
  expect(w.identity->revoke(device_id("m-1"), RevocationReason::key_compromise, alice(), "x"));
  for (const auto& c : w.identity->certificates(device_id("m-1")))
    CHECK(c.status == CertificateStatus::revoked);
}

TEST_CASE("revoking again is harmless, and revoking nobody is refused") {
  World w;
  w.enrolled("m-1");
  const auto revoke = [&](const char* id) {
    return w.identity->revoke(device_id(id), RevocationReason::unspecified, alice(), "x");
  };
  expect(revoke("m-1"));
  const auto entries = w.ledger->size();
  expect(revoke("m-1"));
  CHECK(w.ledger->size() == entries);
  CHECK(revoke("m-2").error().fault == Fault::missing);
}

TEST_CASE("the key of a revoked certificate is not enrolled again") {
  World w;
  const auto key = new_key();
  expect(w.enrol(w.request("m-1", w.expect_device("m-1"), key)));
  expect(w.identity->revoke(device_id("m-1"), RevocationReason::key_compromise, alice(), "x"));
  const auto fresh = expect(w.identity->new_token(device_id("m-1"), alice()));
  auto again = w.enrol(w.request("m-1", fresh.text, key, "m-1"));
  REQUIRE_FALSE(again);
  CHECK(again.error().fault == Fault::forbidden);
  CHECK(w.enrol(w.request("m-1", fresh.text, new_key())));
}

TEST_CASE("retiring a device revokes all it has") {
  World w;
  const auto print = w.enrolled("m-1");
  expect(w.inventory->retire(device_id("m-1"), alice(), "scrapped"));
  CHECK(w.cut.size() == 1);
  CHECK(w.count("certificate.revoked") == 1);
  refused(w.identity->authenticate(print));
}

TEST_CASE("the revocation list is made anew when something was revoked or it is a day old") {
  World w;
  w.enrolled("m-1");
  w.enrolled("m-2");
  const auto serial = expect(from_hex(w.identity->current(device_id("m-1"))->serial));
  const auto lists = [&](const Bytes& der) { return !std::ranges::search(der, serial).empty(); };
  const auto first = expect(w.crl());
  CHECK_FALSE(lists(first));
  w.clock.pass(23h);
  CHECK(expect(w.crl()) == first);
  expect(w.identity->revoke(device_id("m-1"), RevocationReason::key_compromise, alice(), "x"));
  const auto second = expect(w.crl());
  CHECK(lists(second));
  w.restart();
  CHECK(expect(w.crl()) == second);
  w.clock.pass(24h);
  CHECK(expect(w.crl()) != second);
}

TEST_CASE("a revoked certificate is on one list made after it has expired, and then on none") {
  World w;
  w.enrolled("m-1");
  const auto serial = expect(from_hex(w.identity->current(device_id("m-1"))->serial));
  expect(w.identity->revoke(device_id("m-1"), RevocationReason::unspecified, alice(), "x"));
  const auto listed = [&] {
    const auto list = expect(w.crl());
    return !std::ranges::search(list, serial).empty();
  };
  CHECK(listed());
  w.clock.pass(60 * 24h);
  CHECK(listed());
  w.clock.pass(24h);
  CHECK_FALSE(listed());
}

TEST_CASE("the totals tell valid, overdue and expired certificates apart") {
  World w;
  w.enrolled("m-1");
  w.clock.pass(20 * 24h);
  w.enrolled("m-2");
  expect(w.enrol(w.request("m-3", w.expect_device("m-3"), new_key())));
  auto t = w.identity->totals();
  CHECK((t.valid == 2 && t.expiring == 0 && t.expired == 0 && t.pending == 1));
  w.clock.pass(5 * 24h);
  t = w.identity->totals();
  CHECK((t.valid == 2 && t.expiring == 1 && t.expired == 0));
  w.clock.pass(5 * 24h + 1min);
  t = w.identity->totals();
  CHECK((t.valid == 1 && t.expiring == 0 && t.expired == 1));
  w.restart();
  t = w.identity->totals();
  CHECK((t.valid == 1 && t.expired == 1 && t.pending == 1));
}
