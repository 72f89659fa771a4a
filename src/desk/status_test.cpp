#include "crypto/ocsp.h"

#include <catch2/catch.hpp>

#include "desk/test_world.h"

using namespace muster;
using namespace muster::desk;
using namespace muster::desk::testing;

namespace {

Bytes serial_of(World& w, const std::string& device) {
  return expect(from_hex(w.whole.identity.current(device_id(device))->serial));
}

link::StatusAnswer status(World& w, const Bytes& serial) {
  return expect(w.ask(link::GetStatus{expect(crypto::make_ocsp_request(
      {.ids = {expect(crypto::ocsp_id(w.keys.chain.front(), serial))}}))}));
}

bool is_refusal(const link::StatusAnswer& answer, crypto::OcspRefusal why) {
  return answer.der == crypto::make_ocsp_refusal(why);
}

// Of the certificates that are in the signed answer, by their place in the octets.
bool names(const link::StatusAnswer& answer, const Bytes& serial) {
  return std::ranges::search(answer.der, serial).begin() != answer.der.end();
}

}  // namespace

TEST_CASE("the status of a certificate is signed by a responder that the issuing CA made for it") {
  World w;
  w.enrol("m-1");
  const auto before = expect(w.whole.keeper.since(0, 100)).size();
  const auto answer = status(w, serial_of(w, "m-1"));
  CHECK(names(answer, serial_of(w, "m-1")));
  CHECK(answer.keep_until == w.clock.now() + 1h);
  const auto log = expect(w.whole.keeper.since(before, 100));
  REQUIRE(log.size() == 1);
  CHECK(log[0].kind == signer::Template::ocsp_responder);
  status(w, serial_of(w, "m-1"));
  CHECK(expect(w.whole.keeper.since(before, 100)).size() == 1);
}

TEST_CASE("a revocation changes the answer at once") {
  World w;
  w.enrol("m-1");
  const auto serial = serial_of(w, "m-1");
  const auto good = status(w, serial);
  expect(w.decide([&](Domain& d) {
    return d.identity.revoke(device_id("m-1"), crypto::RevocationReason::key_compromise, ann, "x");
  }));
  const auto revoked = status(w, serial);
  CHECK(revoked.der.size() > good.der.size());  // the time and the reason
  CHECK_FALSE(only<link::Cut>(w.pushes).empty());
}

TEST_CASE("what nobody filed, and what another CA issued, is not answered for") {
  World w;
  CHECK(is_refusal(status(w, {1, 2, 3}), crypto::OcspRefusal::unauthorized));
  w.enrol("m-1");
  const Keys others{morning};
  const auto request = expect(crypto::make_ocsp_request(
      {.ids = {expect(crypto::ocsp_id(others.chain.front(), serial_of(w, "m-1")))}}));
  CHECK(is_refusal(expect(w.ask(link::GetStatus{request})), crypto::OcspRefusal::unauthorized));
  CHECK(is_refusal(expect(w.ask(link::GetStatus{{1, 2}})), crypto::OcspRefusal::malformed_request));
}

TEST_CASE("the responder's certificate is renewed in the last third of its life, with a new key") {
  World w;
  w.enrol("m-1");
  status(w, serial_of(w, "m-1"));
  const auto made = [&] { return expect(w.whole.keeper.since(0, 100)).size(); };
  const auto first = made();
  w.clock.pass(19 * 24h);
  status(w, serial_of(w, "m-1"));
  CHECK(made() == first);
  w.clock.pass(24h);
  status(w, serial_of(w, "m-1"));
  CHECK(made() == first + 1);
  w.clock.pass(60 * 24h);  // it has ended meanwhile: who asks waits for the next
  CHECK(names(status(w, serial_of(w, "m-1")), serial_of(w, "m-1")));
  CHECK(made() == first + 2);
}

TEST_CASE("many who ask for a list that must be made cause one to be made") {
  World w;
  w.enrol("m-1");
  std::vector<Bytes> lists;
  for (int i = 0; i < 5; ++i)
    w.desk.ask(link::Request(link::GetCrl{}), [&](Result<link::Reply> reply) {
      lists.push_back(std::get<Bytes>(expect(std::move(reply))));
    });
  while (w.desk.drain() > 0) {
  }
  REQUIRE(lists.size() == 5);
  CHECK(std::ranges::all_of(lists, [&](const Bytes& each) { return each == lists[0]; }));
}

TEST_CASE("a device whose identity is in two hands is isolated, and an incident says why") {
  World w;
  w.enrol("m-1");
  w.enrol("m-1-other");
  const std::string a = "192.0.2.1:1", b = "192.0.2.2:2";
  for (int i = 0; i < 3; ++i) {
    CHECK(w.whole.inventory.find(device_id("m-1"))->state == inventory::Lifecycle::active);
    expect(w.ask(link::TakenOver{device_id("m-1"), i % 2 ? b : a, i % 2 ? a : b}));
  }
  CHECK(w.whole.inventory.find(device_id("m-1"))->state == inventory::Lifecycle::quarantined);
  const auto incident = w.whole.response.open_incident(device_id("m-1"));
  REQUIRE(incident);
  const auto found = expect(w.whole.response.incident(*incident)).findings;
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == "identity-shared");
  CHECK(found[0].words.find("192.0.2.1 and 192.0.2.2") != std::string::npos);
  CHECK_FALSE(only<link::CutDevice>(w.pushes).empty());
}
