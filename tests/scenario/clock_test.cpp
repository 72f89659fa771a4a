// A clock that is set a day ahead or behind, the controller's or a device's: nobody is locked out,
// and nobody asks for certificates over and over.
#include <catch2/catch.hpp>

#include "crypto/crl.h"
#include "crypto/ocsp.h"
#include "scenario/fleet.h"
#include "scenario/logs.h"

namespace muster::scenario {
namespace {

constexpr Duration month = 30 * 24h;

crypto::Crl list_of(Fleet& fleet) {
  const Bytes der = expect(fleet.ask(link::GetCrl{}));
  return expect(crypto::parse_crl(der, fleet.whole().identity.chain().front()));
}

link::StatusAnswer status_of(Fleet& fleet, const Member& m) {
  const auto& issuer = fleet.whole().identity.chain().front();
  const auto own = expect(crypto::parse_certificate(m.certificate));
  const Bytes request =
      expect(crypto::make_ocsp_request({.ids = {expect(crypto::ocsp_id(issuer, own.serial))}}));
  return expect(fleet.ask(link::GetStatus{request}));
}

std::size_t given(const Fleet& fleet) {
  std::size_t all = 0;
  for (const std::size_t each : fleet.given()) all += each;
  return all;
}

}  // namespace

TEST_CASE("the controller's clock a day ahead, and back, locks nobody out and makes no storm") {
  for (const Duration by : {Duration(24h), Duration(-24h)}) {
    Fleet fleet(1, 10, month);
    fleet.pass(1h, 10min);
    CHECK(given(fleet) == 10);
    fleet.set_server_clock(by);
    fleet.members().emplace_back(Member{.id = expect(DeviceId::parse("late-1"))});
    fleet.expect_device(fleet.members().back());
    fleet.pass(6h, 10min);
    CHECK(given(fleet) == 11);  // nobody but the new one
    fleet.set_server_clock(-by);
    fleet.pass(6h, 10min);
    CHECK(given(fleet) == 11);
    fleet.pass(30 * 24h, 2h);
    CHECK(given(fleet) == 22);  // each renewed once
    CHECK(fleet.locked_out() == 0);
    CHECK(fleet.told_to_wait() == 0);
    CHECK(signed_serials(fleet.whole()) == recorded_serials(fleet.whole()));
  }
}

TEST_CASE("a clock that jumps in the middle of all renewals locks nobody out") {
  Fleet fleet(2, 30, month);
  fleet.pass(1h, 10min);
  fleet.pass(20 * 24h, 2h);
  for (const Duration by : {Duration(24h), Duration(-48h), Duration(24h)}) {
    fleet.set_server_clock(by);
    fleet.pass(20h, 10min);
  }
  fleet.pass(24h, 10min);
  CHECK(given(fleet) == 60);
  CHECK(fleet.locked_out() == 0);
  CHECK(signed_serials(fleet.whole()) == recorded_serials(fleet.whole()));
}

TEST_CASE("a device whose clock is set a day ahead or behind is not locked out, and is no storm") {
  for (const Duration life : {Duration(12h), month})
    for (const Duration by : {Duration(24h), Duration(-24h)}) {
      Fleet fleet(3, 4, life);
      fleet.pass(life / 3, life / 72);
      for (std::size_t n = 0; n < 2; ++n) fleet.members()[n].ahead = by;
      fleet.pass(life * 2, life / 72);
      for (const Member& m : fleet.members()) {
        INFO(m.id.text() << ", life " << show(life) << ", ahead by " << show(m.ahead));
        CHECK(m.locked_out == 0);
        CHECK(m.given >= 3);
        CHECK(m.given <= 9);  // every third of a life at most
      }
      CHECK(fleet.told_to_wait() == 0);
    }
}

TEST_CASE("a lost answer is given again though the controller's clock went a day on meanwhile") {
  Fleet fleet(4, 1, month);
  Member& m = fleet.members().front();
  const Bytes first = expect(fleet.ask(fleet.enrolment(m)));  // the device does not hear it
  for (int day = 0; day < 3; ++day) {
    fleet.set_server_clock(24h);
    expect(fleet.ask(link::GetCrl{}));  // when a list is filed, what is old is let go
  }
  CHECK(expect(fleet.ask(fleet.enrolment(m))) == first);
  CHECK(signed_serials(fleet.whole()).size() == 1);
}

TEST_CASE("a token that ended because the clock was ahead is good again when it is back") {
  Fleet fleet(5, 1, month);
  Member& m = fleet.members().front();
  fleet.set_server_clock(8 * 24h);
  CHECK(fleet.ask(fleet.enrolment(m)).error().fault == Fault::unauthorized);
  fleet.set_server_clock(-8 * 24h);
  CHECK(fleet.ask(fleet.enrolment(m)));
}

TEST_CASE("revocation lists and OCSP answers are of the time that it is, also when it went back") {
  Fleet fleet(6, 2, month);
  fleet.pass(10min, 10min);
  const Member &gone = fleet.members()[0], &here = fleet.members()[1];
  expect(fleet.whole().identity.revoke(gone.id, crypto::RevocationReason::key_compromise,
                                       {"operator:ann", "admin"}, "lost"));
  fleet.set_server_clock(24h);
  const auto ahead = list_of(fleet);
  CHECK(ahead.revoked.size() == 1);
  CHECK(status_of(fleet, here).keep_until > fleet.server_time());
  fleet.set_server_clock(-24h);
  const auto back = list_of(fleet);
  CHECK(back.revoked.size() == 1);
  CHECK(back.terms.number > ahead.terms.number);
  CHECK(back.terms.this_update <= fleet.server_time());
  CHECK(back.terms.next_update > fleet.server_time());
  const auto said = status_of(fleet, here);
  CHECK(said.keep_until > fleet.server_time());  // signed, by a responder that is valid by now
  CHECK(said.keep_until <= fleet.server_time() + 1h);
}

TEST_CASE("a signer whose clock went back by a day does not keep a fleet waiting for it") {
  auto policy = desk::testing::WholeDomain::generous();
  policy.device.rate = {.per_second = 2, .burst = 4};
  Fleet fleet(7, 40, month, policy);
  fleet.pass(5s, 1s);
  fleet.set_server_clock(-24h);
  fleet.pass(3min, 1s);
  for (const Member& m : fleet.members()) CHECK(m.given == 1);
}

}  // namespace muster::scenario
