// A whole fleet that renews at the same moment, against a signer that allows a fraction of it a
// second: what is admitted stays bounded, and everybody ends with one new certificate.
#include <catch2/catch.hpp>
#include <set>

#include "scenario/fleet.h"
#include "scenario/logs.h"
#include "signer/sandbox.h"

namespace muster::scenario {
namespace {

// A sanitizer makes ten thousand of them a matter of a minute; nothing here depends on how many.
constexpr std::size_t devices = signer::instrumented ? 250 : 10'000;
constexpr std::size_t a_second = devices / 25;

std::size_t most_in_a_second(const Fleet& fleet, std::size_t from) {
  const auto given = fleet.given();
  return *std::max_element(given.begin() + static_cast<std::ptrdiff_t>(from), given.end());
}

}  // namespace

TEST_CASE(
    "ten thousand devices that renew at once are let through at the signer's rate, each once") {
  auto policy = desk::testing::WholeDomain::generous();
  policy.device.rate = {.per_second = static_cast<double>(a_second),
                        .burst = static_cast<double>(a_second)};
  Fleet fleet(11, devices, 30 * 24h, policy);
  fleet.pass(3min, 1s);
  for (const Member& m : fleet.members()) REQUIRE(m.given == 1);
  CHECK(most_in_a_second(fleet, 0) <= 2 * a_second);

  const std::size_t before = fleet.given().size(), waited = fleet.told_to_wait();
  fleet.pass(23 * 24h, 23 * 24h);  // nobody was there; now all are due in the same second
  CHECK(fleet.told_to_wait() - waited >= devices - 2 * a_second);
  fleet.pass(4min, 1s);
  CHECK(most_in_a_second(fleet, before) <= 2 * a_second);
  fleet.pass(20min, 10min);

  std::set<Bytes> keys;
  for (const Member& m : fleet.members()) {
    REQUIRE(m.given == 2);
    REQUIRE(m.next.empty());  // used, and its predecessor superseded
    REQUIRE(fleet.whole().identity.certificates(m.id).size() == 2);
    const auto now = fleet.whole().identity.current(m.id);
    REQUIRE(now->status == identity::CertificateStatus::valid);
    REQUIRE(now->not_after > fleet.server_time() + 20 * 24h);
    keys.insert(expect(crypto::parse_certificate(m.certificate)).key.spki());
  }
  CHECK(keys.size() == devices);
  CHECK(fleet.locked_out() == 0);
  CHECK(signed_serials(fleet.whole()).size() == 2 * devices);
  CHECK(signed_serials(fleet.whole()) == recorded_serials(fleet.whole()));
}

}  // namespace muster::scenario
