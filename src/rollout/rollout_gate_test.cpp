// A rollout under its gate: what is seen of devices halts it, holds it or lets it pass, and the way
// back has waves of its own.
#include <catch2/catch.hpp>

#include "rollout/internal/test_world.h"

using namespace muster;
using namespace muster::rollout;

namespace {

bool mentions(const std::string& text, const std::string& words) {
  return text.find(words) != text.npos;
}

struct Gated : World {
  explicit Gated(int count = 600, std::uint64_t seed = 1)
      : World({.devices = count, .seed = seed}) {
    for (const auto& d : devices) appear(d);
  }
  void appear(const DeviceId& d) {
    inventory->contact(d, true);
    rollouts->presence(d, true);
  }
  void vanish(const DeviceId& d) {
    inventory->contact(d, false);
    rollouts->presence(d, false);
  }
  Plan gated(std::vector<Wave> waves, Gate gate = {}) {
    auto out = plan(std::move(waves));
    out.gate = std::move(gate);
    return out;
  }
  RolloutId start_gated(std::vector<Wave> waves, Gate gate = {}) {
    return expect(rollouts->start(gated(std::move(waves), std::move(gate)), alice));
  }
};

const std::vector<Wave> tenth_then_all{{.share_permille = 100, .soak = 10min},
                                       {.share_permille = 1000, .soak = 10min}};

std::string on_what(const World& world) {  // the last wave passed
  std::string out;
  for (const auto& recorded : expect(world.ledger->entries(0, 100'000)))
    if (recorded.entry.action == "wave.passed") out = *recorded.entry.detail.find("on")->text();
  return out;
}

}  // namespace

TEST_CASE("what befalls those with the release and nobody else halts the rollout at once") {
  for (const Stream stream : {Stream::health, Stream::alerts, Stream::attestation}) {
    INFO(name_of(stream));
    Gated world;
    const auto id = world.start_gated(tenth_then_all);
    const auto canaries = world.report(100, Outcome::installed);
    std::size_t hurt = 0;
    while (world.state(id) == State::running && hurt < canaries.size())
      world.rollouts->saw(canaries[hurt++], stream);
    CHECK(world.state(id) == State::reverting);
    CHECK(hurt <= 8);
    CHECK(mentions(world.progress(id).reason,
                   std::string("wave 1 of 3: ") + name_of(stream) + ": " + std::to_string(hurt)));
    CHECK(world.progress(id).waves[1].offered == 0);
  }
}

TEST_CASE("a release that makes devices silent is halted long before their deadline") {
  Gated world;
  const auto id = world.start_gated(tenth_then_all, {.silence = 2min});
  world.everybody_asks();
  const auto canaries = world.with(id, Outcome::offered);
  for (std::size_t i = 0; i < 15; ++i) world.vanish(canaries[i]);
  world.pass(2min - 1s);
  CHECK(world.state(id) == State::running);
  world.pass(1s);
  CHECK(world.state(id) == State::reverting);
  CHECK(mentions(world.progress(id).reason, "silence: "));
}

TEST_CASE("an outage that meets all alike halts nothing") {
  Gated world;
  const auto id = world.start_gated(tenth_then_all);
  world.report(100, Outcome::installed);
  for (std::size_t i = 0; i < world.devices.size(); i += 3) world.vanish(world.devices[i]);
  world.pass(5min);
  CHECK(world.state(id) == State::running);
  CHECK(world.progress(id).gate->harm < world.progress(id).gate->needed);
}

TEST_CASE("failures to install beyond what is usual halt it, and as many as usual do not") {
  Gated world;
  const auto id = world.start_gated(tenth_then_all);
  world.report(59, Outcome::installed);
  world.report(1, Outcome::failed);
  CHECK(world.state(id) == State::running);
  SECTION("some that go back by themselves are too many") {
    const auto sick = world.with(id, Outcome::installed);
    for (std::size_t i = 0; i < 7; ++i)
      expect(world.rollouts->report(sick[i], world.wanted, Outcome::reverted, "watchdog"));
    CHECK(world.state(id) == State::reverting);
    CHECK(mentions(world.progress(id).reason, "install: "));
  }
}

TEST_CASE("a wave passes on evidence, or waits for it as long as the plan has patience") {
  SECTION("sixty devices and a soak say enough of a harm of 12 %") {
    Gated world;
    const auto id = world.start_gated(tenth_then_all, {.harm_permille = 120});
    world.report(200, Outcome::installed);
    world.pass(10min - 1s);
    CHECK(world.progress(id).wave == 0);
    world.pass(1s);
    CHECK(world.progress(id).wave == 1);
    CHECK(on_what(world) == "evidence");
  }
  SECTION("of one of 0.5 % they do not, and its patience ends") {
    Gated world;
    const auto id = world.start_gated(tenth_then_all, {.harm_permille = 5, .patience = 20min});
    world.report(100, Outcome::installed);
    world.pass(11min);
    CHECK(world.progress(id).holding);
    CHECK(mentions(world.progress(id).gate->words, "not yet shown to be harmless by install"));
    world.pass(19min);
    CHECK(world.progress(id).wave == 1);
    CHECK(on_what(world) == "patience");
  }
  SECTION("or a person is asked, and what they say goes") {
    Gated world;
    const auto id = world.start_gated(
        tenth_then_all, {.harm_permille = 5, .patience = 20min, .otherwise = Otherwise::pause});
    world.report(100, Outcome::installed);
    world.pass(30min);
    CHECK(world.state(id) == State::paused);
    CHECK(mentions(world.progress(id).reason, "wave 1 has waited 20m for evidence"));
    expect(world.rollouts->resume(id, world.alice));
    world.pass(1s);
    CHECK(world.progress(id).wave == 1);
    CHECK(on_what(world) == "consent");
  }
}

TEST_CASE("the control is drawn by lot and updated last") {
  Gated world;
  const auto id = world.start_gated(tenth_then_all, {.harm_permille = 200, .control_permille = 50});
  const auto waves = world.progress(id).waves;
  REQUIRE(waves.size() == 3);
  CHECK(waves[1].targets == 510);
  CHECK(waves[2].targets == 30);
  CHECK(waves[2].wave.control);
  world.report(100, Outcome::installed);
  world.pass(11min);
  world.report(850, Outcome::installed);
  CHECK(world.with(id, Outcome::waiting).size() == 30);
  world.pass(11min);
  world.report(50, Outcome::installed);
  world.pass(11min);
  CHECK(world.state(id) == State::done);
}

TEST_CASE("a small wave is judged by its tolerance") {
  Gated world;
  const auto id = world.start_gated({{.share_permille = 20}, {.share_permille = 1000}});
  world.report(18, Outcome::installed);
  world.report(2, Outcome::failed);
  CHECK(world.state(id) == State::running);
  world.pass(30s);
  CHECK(world.progress(id).wave == 1);
  CHECK(on_what(world) == "tolerance");
}

TEST_CASE("evidence survives a restart to the bit, and decides the same") {
  const auto play = [](bool restart) {
    Gated world;
    const auto id = world.start_gated(tenth_then_all);
    const auto canaries = world.report(100, Outcome::installed);
    std::size_t events = 0;
    for (std::size_t i = 0; i < 30 && world.state(id) == State::running; ++i) {
      world.rollouts->saw(world.devices[i * 19], Stream::health);
      if (i % 2 == 0) world.rollouts->saw(canaries[i], Stream::health);
      world.commit();
      if (restart) {
        world.reopen();
        for (const auto& d : world.devices) world.appear(d);
      }
      ++events;
    }
    return std::tuple(events, world.state(id), world.progress(id).reason,
                      world.ledger->checkpoint().root);
  };
  const auto through = play(false), restarted = play(true);
  CHECK(restarted == through);
  CHECK(std::get<1>(through) == State::reverting);
}

TEST_CASE("after a restart each device has a gate's silence to come back") {
  Gated world;
  const auto id = world.start_gated(tenth_then_all);
  world.report(100, Outcome::installed);
  const auto canaries = world.with(id, Outcome::installed);
  world.reopen();
  for (const auto& d : world.devices)
    if (std::find(canaries.begin(), canaries.begin() + 20, d) == canaries.begin() + 20)
      world.appear(d);
  world.pass(5min - 1s);
  CHECK(world.state(id) == State::running);
  world.pass(1s);
  CHECK(world.state(id) == State::reverting);
}

TEST_CASE("the way back has waves of its own, and the offers not yet taken are withdrawn at once") {
  World world({.devices = 100});
  auto plan = world.plan({{.share_permille = 1000, .tolerance_permille = 1000}});
  plan.way_back.shares = {100, 1000};
  const auto id = expect(world.rollouts->start(plan, world.alice));
  world.everybody_asks();
  for (std::size_t i = 0; i < 50; ++i)
    expect(world.rollouts->report(world.devices[i], world.wanted, Outcome::installed, ""));
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  CHECK(world.called.size() >= 100);
  std::vector<DeviceId> told;
  for (const auto& d : world.devices)
    if (const auto answer = world.ask(d)) {
      CHECK(answer->back);
      told.push_back(d);
    }
  CHECK(told.size() == 10);
  CHECK(world.progress(id).back_wave == 1);
  SECTION("the next opens when each has said how it went") {
    for (const auto& d : told)
      expect(world.rollouts->report(d, world.earlier, Outcome::installed, ""));
    CHECK(world.progress(id).back_wave == 2);
    for (const auto& d : world.devices)
      if (const auto answer = world.ask(d))
        expect(world.rollouts->report(d, world.earlier, Outcome::installed, ""));
    CHECK(world.state(id) == State::reverted);
    CHECK(world.with(id, Outcome::reverted).size() == 100);
  }
  SECTION("it survives a restart") {
    world.reopen();
    std::size_t again = 0;
    for (const auto& d : world.devices) again += world.rollouts->offer(d).has_value();
    CHECK(again == 10);
  }
}

TEST_CASE("a way back on which devices fail is held until a person looks") {
  World world({.devices = 100});
  auto plan = world.plan({{.share_permille = 1000, .tolerance_permille = 100}});
  plan.way_back.shares = {100, 1000};
  const auto id = expect(world.rollouts->start(plan, world.alice));
  world.report(100, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  int failures = 2;
  for (const auto& d : world.devices)
    if (world.ask(d))
      expect(world.rollouts->report(d, world.earlier,
                                    failures-- > 0 ? Outcome::failed : Outcome::installed, ""));
  CHECK(world.progress(id).back_held);
  CHECK(mentions(world.progress(id).reason, "the way back is held: 2 of 10"));
  world.reopen();
  CHECK(world.progress(id).back_held);
  expect(world.rollouts->resume(id, world.alice));
  CHECK_FALSE(world.progress(id).back_held);
  std::size_t told = 0;
  for (const auto& d : world.devices) told += world.ask(d).has_value();
  CHECK(told == 90);
}

TEST_CASE("the way back keeps its rate, and nobody it holds back is silent") {
  Gated world(100);
  auto plan = world.plan({{.share_permille = 1000, .tolerance_permille = 1000}});
  plan.way_back.per_minute = 6;
  const auto id = expect(world.rollouts->start(plan, world.alice));
  world.report(100, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  std::size_t back = 0;
  for (int minute = 0; minute < 10; ++minute) {
    for (const auto& d : world.devices)
      if (const auto answer = world.rollouts->offer(d); answer && answer->back) {
        expect(world.rollouts->report(d, world.earlier, Outcome::installed, ""));
        ++back;
      }
    world.pass(60s);
  }
  CHECK(back >= 10);
  CHECK(back <= 61);
  CHECK(world.progress(id).waves[0].silent == 0);
}
