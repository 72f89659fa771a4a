// A clock that is set forwards or backwards, or a machine that stood still: no device is silent
// because of it, no wave has soaked because of it, and nothing waits a day longer.
#include <catch2/catch.hpp>

#include "rollout/internal/test_world.h"

using namespace muster;
using namespace muster::rollout;

namespace {

const std::vector<Wave> half_then_all{{.share_permille = 500}, {.share_permille = 1000}};

std::size_t jumps(const World& world) {
  std::size_t count = 0;
  for (const auto& recorded : expect(world.ledger->entries(0, 100'000)))
    count += recorded.entry.action == "rollout.clock-jumped";
  return count;
}

void jump(World& world, Duration by) {
  world.clock.pass(by);
  world.rollouts->tick();
}

}  // namespace

TEST_CASE("a day ahead makes nobody silent: who was offered the release has its time anew") {
  World world({.devices = 10});
  const auto id = world.start(half_then_all);
  world.pass(1s);
  world.everybody_asks();
  world.pass(World::deadline - 10s);
  jump(world, 24h);
  CHECK(world.state(id) == State::running);
  CHECK(world.with(id, Outcome::silent).empty());
  CHECK(jumps(world) == 1);
  world.pass(World::deadline - 1s);
  CHECK(world.with(id, Outcome::silent).empty());
  world.pass(2s);
  CHECK_FALSE(world.with(id, Outcome::silent).empty());
}

TEST_CASE("a day ahead or behind does not pass for a soak, and a soak takes no day longer") {
  for (const Duration by : {Duration(24h), Duration(-24h)}) {
    World world({.devices = 10});
    const auto id = world.start(half_then_all);
    world.pass(1s);
    world.report(5, Outcome::installed);
    world.pass(10s);
    jump(world, by);
    CHECK(world.progress(id).waves[0].state == WaveState::soaking);
    world.pass(29s);
    CHECK(world.progress(id).waves[0].state == WaveState::soaking);
    world.pass(2s);
    CHECK(world.progress(id).waves[1].state == WaveState::open);
    world.report(10, Outcome::installed);
    world.pass(31s);
    CHECK(world.state(id) == State::done);
  }
}

TEST_CASE("a day behind waits no day longer for who says nothing, also after a restart") {
  for (const bool restarted : {false, true}) {
    World world({.devices = 10});
    const auto id = world.start(half_then_all);
    world.pass(1s);
    world.everybody_asks();
    jump(world, -24h);
    if (restarted) world.reopen();
    world.pass(World::deadline - 1s);
    CHECK(world.with(id, Outcome::silent).empty());
    world.pass(2s);
    CHECK_FALSE(world.with(id, Outcome::silent).empty());
  }
}

TEST_CASE("who is on the way back when the clock jumps keeps the time that it has for it") {
  for (const Duration by : {Duration(24h), Duration(-24h)}) {
    World world({.devices = 10});
    const auto id = world.start(half_then_all);
    world.pass(1s);
    world.report(4, Outcome::installed);
    expect(world.rollouts->halt(id, world.alice, "a test"));
    world.everybody_asks();
    world.pass(10s);
    jump(world, by);
    CHECK(world.state(id) == State::reverting);
    world.pass(World::deadline - 1s);
    CHECK(world.state(id) == State::reverting);
    world.pass(2s);
    CHECK(world.state(id) == State::reverted);
  }
}

TEST_CASE("what a clock is corrected by in passing is no jump") {
  World world({.devices = 10});
  world.start(half_then_all);
  world.pass(1s);
  jump(world, 59s);
  jump(world, -900ms);
  CHECK(jumps(world) == 0);
}
