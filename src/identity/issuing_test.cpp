#include <catch2/catch.hpp>

#include "crypto/crl.h"
#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;
using Catch::Matchers::Contains;

namespace {

Commission commissioned(Result<Enrolment> enrolment) {
  return std::get<Commission>(expect(std::move(enrolment)));
}

Bytes signed_for(World& w, const Commission& c) {
  return expect(w.keeper->issue(c.order));
}

bool listed(World& w, const crypto::Serial& serial) {
  const auto list = expect(crypto::parse_crl(expect(w.crl()), w.ca.chain.front()));
  return std::ranges::any_of(list.revoked, [&](const crypto::Revoked& each) {
    return std::ranges::equal(each.serial, serial);
  });
}

}  // namespace

TEST_CASE("the same request while the signer is at it is the same commission") {
  World w;
  const auto request = w.request("m-1", w.expect_device("m-1"), new_key());
  const auto first = commissioned(w.identity->enrol(request));
  w.clock.pass(3s);
  const auto again = commissioned(w.identity->enrol(request));
  CHECK(first.order == again.order);
  const auto der = signed_for(w, first);
  CHECK(expect(w.identity->file(first, der)) == der);
  CHECK(expect(w.identity->file(again, der)) == der);
  CHECK(w.count("certificate.issued") == 1);
  CHECK(w.count("token.burned") == 1);
}

TEST_CASE("another request of a device waits until the signer has answered the first") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto first = commissioned(w.identity->enrol(w.request("m-1", token, new_key())));
  const auto other = w.request("m-1", token, new_key());
  auto refused = w.identity->enrol(other);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::unavailable);
  w.identity->abandon(first);
  CHECK(w.enrol(other));
}

TEST_CASE("a signer that never answers does not keep a device out for good") {
  World w;
  const auto token = w.expect_device("m-1");
  commissioned(w.identity->enrol(w.request("m-1", token, new_key())));
  w.clock.pass(11min);
  CHECK(w.enrol(w.request("m-1", token, new_key())));
}

TEST_CASE("nothing counts before it is filed") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto c = commissioned(w.identity->enrol(w.request("m-1", token, new_key())));
  const auto der = signed_for(w, c);
  CHECK(w.state("m-1") == inventory::Lifecycle::expected);
  CHECK_FALSE(w.identity->authenticate(crypto::sha256(der)));
  expect(w.identity->file(c, der));
  CHECK(w.state("m-1") == inventory::Lifecycle::active);
  CHECK(w.identity->authenticate(crypto::sha256(der)));
}

TEST_CASE("what changed while the signer was at it withdraws the certificate") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto c = commissioned(w.identity->enrol(w.request("m-1", token, new_key())));
  const auto der = signed_for(w, c);
  SECTION("the device was retired") {
    expect(w.inventory->retire(device_id("m-1"), alice(), "scrapped"));
  }
  SECTION("the token was replaced") {
    expect(w.identity->new_token(device_id("m-1"), alice()));
  }
  CHECK_FALSE(w.identity->file(c, der));
  CHECK(w.count("certificate.withdrawn") == 1);
  CHECK(w.count("certificate.issued") == 0);
  CHECK_FALSE(w.identity->authenticate(crypto::sha256(der)));
  CHECK(listed(w, c.order.serial));
}

TEST_CASE("a renewal whose old certificate was revoked meanwhile is withdrawn") {
  World w;
  const auto old = w.enrolled("m-1");
  const auto c = commissioned(w.identity->renew(w.renewal(old, new_key())));
  const auto der = signed_for(w, c);
  expect(
      w.identity->revoke(device_id("m-1"), crypto::RevocationReason::key_compromise, alice(), ""));
  auto filed = w.identity->file(c, der);
  REQUIRE_FALSE(filed);
  CHECK(filed.error().fault == Fault::unauthorized);
  CHECK(listed(w, c.order.serial));
}

TEST_CASE("what was signed and never filed is found in the signer's log and withdrawn") {
  World w;
  w.enrolled("m-0");
  const auto lost =
      commissioned(w.identity->enrol(w.request("m-1", w.expect_device("m-1"), new_key())));
  const auto der = signed_for(w, lost);
  w.restart();  // the commission was in memory only
  const auto log = expect(w.keeper->since(0, 100));
  REQUIRE(log.size() == 2);
  w.identity->reconcile(log);
  CHECK(w.identity->reconciled() == 2);
  CHECK(w.count("certificate.withdrawn") == 1);
  CHECK_THAT(w.last_entry().entry.reason, Contains("never filed"));
  CHECK(listed(w, lost.order.serial));
  w.identity->reconcile(log);
  CHECK(w.count("certificate.withdrawn") == 1);
  w.restart();
  CHECK(w.identity->reconciled() == 2);
}

TEST_CASE("what is on its way back from the signer is not taken for lost") {
  World w;
  const auto c =
      commissioned(w.identity->enrol(w.request("m-1", w.expect_device("m-1"), new_key())));
  const auto der = signed_for(w, c);
  w.enrolled("m-2");
  w.identity->reconcile(expect(w.keeper->since(0, 100)));
  CHECK(w.identity->reconciled() == 0);
  CHECK(w.count("certificate.withdrawn") == 0);
  expect(w.identity->file(c, der));
  w.identity->reconcile(expect(w.keeper->since(0, 100)));
  CHECK(w.identity->reconciled() == 2);
  CHECK(w.count("certificate.withdrawn") == 0);
}

TEST_CASE("a device that renews without end is told to wait, and recorded a few times only") {
  World w;
  auto print = w.enrolled("m-1");
  for (int i = 1; i < 30; ++i) {
    print = crypto::sha256(expect(w.renew(w.renewal(print, new_key()))));
    expect(w.identity->authenticate(print));
  }
  const auto size = w.ledger->size();
  for (int i = 0; i < 50; ++i) {
    auto refused = w.renew(w.renewal(print, new_key()));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);
  }
  CHECK(w.ledger->size() <= size + 5);
  w.clock.pass(1h);
  CHECK(w.renew(w.renewal(print, new_key())));
}
