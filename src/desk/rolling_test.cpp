#include "desk/rolling.h"

#include <catch2/catch.hpp>

#include "desk/test_world.h"
#include "identity/rollover.h"

namespace muster::desk::testing {
namespace {

using identity::RolloverPhase;

// This world's signer has its key elsewhere: it refuses to roll over.
TEST_CASE("an order is given at the next tick, and what the signer refuses falls back") {
  World w;
  expect(w.decide([](Domain& d) {
    return d.identity.rollover().begin(signer::Scope::whole, ann, "ten years are over");
  }));
  const auto& rollover = w.whole.identity.rollover();
  REQUIRE(rollover.status().phase == RolloverPhase::beginning);
  w.desk.tick();
  while (w.desk.drain() > 0) {
  }
  CHECK(rollover.status().phase == RolloverPhase::none);
  CHECK(rollover.status().refused.find("does not roll over") != std::string::npos);
}

TEST_CASE("while nothing rolls over nobody is told anything, whatever devices say they hold") {
  World w;
  w.bring("meter-1");
  const std::string root = to_hex(w.whole.identity.rollover().trusted().current.root.fingerprint);
  CHECK(w.ask(
      link::State{device_id("meter-1"), R"({"firmware":"1.0","anchors":[")" + root + R"("]})"}));
  CHECK(rollover_due(w.whole.domain).empty());
  CHECK(w.ask(link::AuthoritiesFetched{w.enrol("meter-2")}));
  CHECK_FALSE(w.ask(link::AuthoritiesFetched{}));
}

TEST_CASE("a device that holds a root that nobody gives any more is told to fetch") {
  World w;
  w.bring("meter-1");
  const std::string stranger(64, 'a');
  CHECK(w.ask(link::State{device_id("meter-1"),
                          R"({"firmware":"1.0","anchors":[")" + stranger + R"("]})"}));
  const auto told = rollover_due(w.whole.domain);
  REQUIRE(told.size() == 1);
  CHECK(std::get<link::Tell>(told.front()).payload == R"({"command":"cacerts"})");
  CHECK(std::get<link::Tell>(told.front()).channel == link::Channel::commands);
}

}  // namespace
}  // namespace muster::desk::testing
