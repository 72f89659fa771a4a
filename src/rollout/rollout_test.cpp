#include "rollout/rollout.h"

#include <catch2/catch.hpp>

#include "rollout/internal/test_world.h"

using namespace muster;
using namespace muster::rollout;

namespace {

const std::vector<Wave> tenth_then_all{{.share_permille = 100}, {.share_permille = 1000}};
const std::vector<Wave> all_at_once{{.share_permille = 1000}};

bool mentions(const std::string& text, const std::string& words) {
  return text.find(words) != text.npos;
}

std::string refusal(const auto& result, Fault fault) {
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == fault);
  return result.error().message;
}

std::size_t entries(const World& world, const std::string& action) {
  std::size_t count = 0;
  for (const auto& recorded : expect(world.ledger->entries(0, 100'000)))
    count += recorded.entry.action == action;
  return count;
}

}  // namespace

TEST_CASE("a healthy rollout goes wave by wave, each after its soak, and is done") {
  World world({.devices = 100});
  const auto id =
      world.start({{.share_permille = 20}, {.share_permille = 100}, {.share_permille = 1000}});
  world.everybody_asks();
  CHECK(world.offers == 2);
  world.report(2, Outcome::installed);
  CHECK(world.progress(id).waves[0].state == WaveState::soaking);
  world.pass(29s);
  CHECK(world.progress(id).waves[0].state == WaveState::soaking);
  world.pass(1s);
  CHECK(world.progress(id).waves[0].state == WaveState::passed);
  CHECK(world.progress(id).waves[1].state == WaveState::open);

  world.report(100, Outcome::installed);
  CHECK(world.offers == 10);
  world.pass(30s);
  world.report(100, Outcome::installed);
  world.pass(30s);
  CHECK(world.state(id) == State::done);
  CHECK(world.offers == 100);
  CHECK(world.progress(id).waves[2].installed == 90);
  CHECK_FALSE(world.ask(world.devices[0]));
  CHECK(entries(world, "wave.passed") == 3);
  CHECK(entries(world, "offer.made") == 100);
  CHECK(entries(world, "update.installed") == 100);
  CHECK(entries(world, "rollout.done") == 1);
}

TEST_CASE("a sick wave halts the rollout before the next one opens") {
  World world({.devices = 100});
  const auto id = world.start(tenth_then_all);
  world.report(8, Outcome::installed);
  world.report(1, Outcome::failed);
  CHECK(world.state(id) == State::running);  // one in ten is tolerated
  world.report(1, Outcome::failed);
  CHECK(world.state(id) == State::reverting);
  CHECK(world.progress(id).waves[0].state == WaveState::failed);
  CHECK(mentions(world.progress(id).reason, "wave 1 of 2: 2 of its 10 devices failed"));
  world.pass(1h);
  CHECK(world.progress(id).waves[1].state == WaveState::waiting);
  CHECK(world.with(id, Outcome::waiting).size() == 90);
}

TEST_CASE("failures beyond the tolerance halt at once, before the wave is complete") {
  World world({.devices = 100});
  const auto id = world.start(tenth_then_all);
  world.report(2, Outcome::reverted);
  CHECK(world.state(id) == State::reverting);
  CHECK(entries(world, "offer.made") == 10);
  CHECK(world.progress(id).waves[0].failed == 2);
  CHECK(world.progress(id).waves[0].reverted == 2);
}

TEST_CASE("a device that goes silent after a bad release counts as failed") {
  World world({.devices = 100});
  const auto id = world.start(tenth_then_all);
  world.report(8, Outcome::installed);  // two more were offered it and say nothing
  world.pass(World::deadline - 1s);
  CHECK(world.state(id) == State::running);
  world.pass(1s);
  CHECK(world.state(id) == State::reverting);
  CHECK(mentions(world.progress(id).reason, "(2 of them without a word)"));
}

TEST_CASE("a wave does not hang on devices that never come") {
  World world({.devices = 100});
  const auto id =
      world.start({{.share_permille = 100, .tolerance_permille = 1000}, {.share_permille = 1000}});
  world.pass(World::deadline);
  CHECK(world.progress(id).waves[0].silent == 10);
  CHECK(world.progress(id).waves[0].offered == 0);
  world.pass(30s);
  CHECK(world.progress(id).waves[1].state == WaveState::open);

  SECTION("one that comes late is still offered the release, and its success counts") {
    const auto late = world.with(id, Outcome::silent).front();
    const auto answer = world.ask(late);
    REQUIRE(answer);
    CHECK(world.progress(id).waves[0].silent == 9);
    expect(world.rollouts->report(late, answer->release, Outcome::installed, ""));
    CHECK(world.progress(id).waves[0].installed == 1);
    CHECK(world.progress(id).waves[0].state == WaveState::passed);
  }
}

TEST_CASE("a word after the deadline moves the counts and starts the soak again") {
  World world({.devices = 20});
  const auto id =
      world.start({{.share_permille = 100, .tolerance_permille = 500}, {.share_permille = 1000}});
  world.report(1, Outcome::installed);  // the other one was offered it and says nothing
  world.pass(World::deadline);
  CHECK(world.progress(id).waves[0].silent == 1);
  CHECK(world.progress(id).waves[0].state == WaveState::soaking);
  world.pass(29s);
  world.report(1, Outcome::installed);
  CHECK(world.progress(id).waves[0].silent == 0);
  CHECK(world.progress(id).waves[0].installed == 2);
  world.pass(29s);
  CHECK(world.progress(id).waves[0].state == WaveState::soaking);
  world.pass(1s);
  CHECK(world.progress(id).waves[0].state == WaveState::passed);
}

TEST_CASE("an old word that comes again changes nothing") {
  World world({.devices = 20});
  const auto id = world.start(all_at_once);
  const auto device = world.report(1, Outcome::installed).at(0);
  expect(world.rollouts->report(device, world.wanted, Outcome::failed, "watchdog"));
  const auto size = world.ledger->size();
  expect(world.rollouts->report(device, world.wanted, Outcome::installed, ""));
  expect(world.rollouts->report(device, world.wanted, Outcome::failed, "watchdog"));
  CHECK(world.ledger->size() == size);
  CHECK(world.with(id, Outcome::failed) == std::vector{device});
}

TEST_CASE("a paused rollout makes no offers, and those made still count") {
  World world({.devices = 100});
  const auto id =
      world.start({{.share_permille = 100, .tolerance_permille = 1000}, {.share_permille = 1000}});
  DeviceId first;
  for (const auto& d : world.devices)
    if (world.ask(d)) {
      first = d;
      break;
    }
  expect(world.rollouts->pause(id, world.alice, "a storm"));
  CHECK(world.progress(id).reason == "a storm");
  world.everybody_asks();
  CHECK(world.offers == 1);
  CHECK(world.ask(first));  // told before, told again
  expect(world.rollouts->report(first, world.wanted, Outcome::installed, ""));
  CHECK(world.progress(id).waves[0].installed == 1);

  world.pass(2 * World::deadline);
  CHECK(world.progress(id).waves[0].silent == 0);  // who cannot ask is not silent
  world.called.clear();
  expect(world.rollouts->resume(id, world.alice));
  CHECK(world.called.size() == 9);
  world.pass(World::deadline - 1s);
  CHECK(world.progress(id).waves[0].silent == 0);
  world.pass(1s);
  CHECK(world.progress(id).waves[0].silent == 9);
}

TEST_CASE("a paused rollout halts when what it has offered turns out to be sick") {
  World world({.devices = 100});
  const auto id = world.start(tenth_then_all);
  world.everybody_asks();
  expect(world.rollouts->pause(id, world.alice, "look first"));
  world.pass(World::deadline);
  CHECK(world.state(id) == State::reverting);
  CHECK(world.progress(id).waves[0].silent == 2);  // the second one was one too many
}

TEST_CASE("on a halt every device that took the release, or may have, is offered the earlier one") {
  World world({.devices = 40});
  const auto id =
      world.start({{.share_permille = 250, .tolerance_permille = 500}, {.share_permille = 1000}});
  const auto installed = world.report(3, Outcome::installed);
  const auto failed = world.report(1, Outcome::failed);
  const auto gone = world.report(1, Outcome::reverted);
  world.called.clear();
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  CHECK(world.state(id) == State::reverting);
  CHECK(world.called.size() == 8);  // three that have it and five that may

  std::size_t back = 0;
  for (const auto& d : world.devices) {
    const auto before = world.answers.contains(d) ? world.answers.at(d).number : 0;
    const auto answer = world.ask(d);
    if (!answer) continue;
    ++back;
    CHECK(answer->back);
    CHECK(answer->release == world.earlier);
    CHECK(answer->number > before);
    expect(world.rollouts->report(d, world.earlier, Outcome::installed, ""));
  }
  CHECK(back == 8);
  CHECK_FALSE(world.ask(failed[0]));
  CHECK(world.state(id) == State::reverted);
  CHECK(world.progress(id).ended_at);
  const auto wave = world.progress(id).waves[0];
  CHECK(wave.reverted == 9);
  CHECK(wave.installed == 0);
  CHECK(wave.failed == 2);
  CHECK(world.with(id, Outcome::waiting).size() == 30);
  CHECK(entries(world, "rollout.reverted") == 1);
}

TEST_CASE("devices that came from the factory have no way back, and are named") {
  World world({.devices = 10, .from_factory = 1});
  const auto id = world.start(all_at_once);
  world.report(10, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  CHECK(world.state(id) == State::reverting);
  CHECK(mentions(world.progress(id).reason, "smoke; without a way back"));
  CHECK(mentions(world.progress(id).reason, world.devices[0].text()));
  CHECK_FALSE(mentions(world.progress(id).reason, world.devices[1].text()));
  CHECK_FALSE(world.ask(world.devices[0]));
  CHECK(world.ask(world.devices[1]));
}

TEST_CASE("a rollout with nobody to take back is halted and ended") {
  World world({.devices = 10, .from_factory = 10});
  const auto id = world.start(all_at_once);
  world.report(10, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  CHECK(world.state(id) == State::halted);
  CHECK(world.progress(id).ended_at);
  world.wanted = world.publish("1.2", 0);
  CHECK(world.start(all_at_once).number == id.number + 1);  // its devices are free again
}

TEST_CASE("no device is sent below the floor of the release it has") {
  World world({.devices = 10});
  world.wanted = world.publish("1.2", 2);
  const auto id = world.start(all_at_once);
  world.report(10, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  CHECK(world.state(id) == State::halted);
  CHECK(mentions(world.progress(id).reason, "below the floor"));
}

TEST_CASE("who is silent on the way back is offered it for as long as nothing else takes over") {
  World world({.devices = 10});
  const auto id = world.start(all_at_once);
  world.report(10, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  const auto asked = world.devices[3], absent = world.devices[4];
  REQUIRE(world.ask(asked));
  for (const auto& d : world.devices)
    if (d != asked && d != absent) {
      REQUIRE(world.ask(d));
      expect(world.rollouts->report(d, world.earlier, Outcome::installed, ""));
    }
  world.pass(World::deadline);
  CHECK(world.state(id) == State::reverted);
  CHECK(world.progress(id).waves[0].silent == 2);

  world.reopen();
  for (const auto& d : {asked, absent}) {
    const auto answer = world.ask(d);
    REQUIRE(answer);
    CHECK(answer->back);
  }
  expect(world.rollouts->report(absent, world.earlier, Outcome::installed, ""));
  CHECK(world.progress(id).waves[0].reverted == 9);
  CHECK_FALSE(world.ask(absent));

  world.wanted = world.publish("1.2", 0);
  world.start(all_at_once);
  world.reopen();
  const auto taken_over = world.ask(asked);
  REQUIRE(taken_over);
  CHECK(taken_over->release == world.wanted);
}

TEST_CASE("a device that fails on its way back is counted as failed, and stays named as such") {
  World world({.devices = 1});
  const auto id = world.start(all_at_once);
  world.report(1, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  REQUIRE(world.ask(world.devices[0]));
  expect(world.rollouts->report(world.devices[0], world.earlier, Outcome::failed, "flash worn"));
  CHECK(world.state(id) == State::reverted);
  const auto target = expect(world.rollouts->targets(id, Outcome::failed, "", 10)).at(0);
  CHECK(target.detail == "the way back failed: flash worn");
}

TEST_CASE("no device is in two live rollouts") {
  World world({.devices = 10});
  const auto id = world.start(all_at_once);
  world.wanted = world.publish("1.2", 0);
  auto plan = world.plan(all_at_once);
  const auto words = refusal(world.rollouts->start(plan, world.alice), Fault::conflict);
  CHECK(mentions(words, world.devices[0].text()));
  CHECK(mentions(words, "rollout " + std::to_string(id.number) + ", which is running"));
  refusal(world.rollouts->preview(plan), Fault::conflict);
}

TEST_CASE("many rollouts live side by side when they share no device") {
  World world({.devices = 10});
  std::vector<RolloutId> ids;
  for (const auto& d : world.devices) {
    auto plan = world.plan(all_at_once);
    plan.selector = expect(inventory::Selector::parse("id == \"" + d.text() + "\""));
    ids.push_back(expect(world.rollouts->start(plan, world.alice)));
  }
  expect(world.rollouts->halt(ids[0], world.alice, "smoke"));
  world.report(9, Outcome::installed);
  world.pass(30s);
  CHECK(world.state(ids[0]) == State::halted);
  for (std::size_t i = 1; i < ids.size(); ++i) CHECK(world.state(ids[i]) == State::done);
  CHECK(world.rollouts->list(3).at(0).id == ids.back());
}

TEST_CASE("who cannot take the release is left out, and the preview says why") {
  World world({.devices = 5});
  expect(world.inventory->quarantine(world.devices[0], world.alice, "odd"));
  expect(world.inventory->reported(world.devices[1], "1.1", world.wanted, {}));
  const auto newer = world.publish("1.2", 0);
  expect(world.inventory->reported(world.devices[2], "1.2", newer, {}));
  const auto valve = expect(ModelId::parse("valve"));
  expect(
      world.inventory->expect({.id = expect(DeviceId::parse("v-1")), .model = valve}, world.alice));
  expect(world.inventory->expect({.id = expect(DeviceId::parse("z-1")), .model = World::model()},
                                 world.alice));
  auto plan = world.plan(all_at_once);
  const auto preview = expect(world.rollouts->preview(plan));
  CHECK(preview.targets == 2);
  CHECK(preview.wave_sizes == std::vector<std::size_t>{2});
  std::vector<std::string> why;
  for (const auto& [device, words] : preview.left_out) why.push_back(words);
  CHECK(why == std::vector<std::string>{
                   "is in quarantine", "runs it already", "runs 1.2, which is newer",
                   "is of model valve; the release is for meter", "has not enrolled yet"});

  SECTION("a patch may be for those in quarantine too") {
    plan.quarantined = true;
    CHECK(expect(world.rollouts->preview(plan)).targets == 3);
    expect(world.rollouts->start(plan, world.alice));
    CHECK(world.ask(world.devices[0]));
  }
  SECTION("a rollout without a target is refused") {
    plan.selector = expect(inventory::Selector::parse("model == \"valve\""));
    CHECK(mentions(refusal(world.rollouts->start(plan, world.alice), Fault::invalid),
                   "v-1 is of model valve"));
    CHECK(world.rollouts->list(10).empty());
  }
}

TEST_CASE("a device that is put in quarantine gets no new offer, and counts as silent") {
  World world({.devices = 10});
  const auto id = world.start(all_at_once);
  expect(world.inventory->quarantine(world.devices[0], world.alice, "odd"));
  world.report(10, Outcome::installed);
  world.pass(World::deadline);
  CHECK(world.with(id, Outcome::silent) == std::vector{world.devices[0]});
}

TEST_CASE("a plan that makes no sense is refused with words and the place") {
  World world({.devices = 10});
  const auto refused = [&](Plan plan) {
    const auto started = world.rollouts->start(plan, world.alice);
    REQUIRE_FALSE(started);
    return started.error().field;
  };
  CHECK(refused(world.plan({})) == "/waves");
  CHECK(refused(world.plan({{.share_permille = 500}})) == "/waves/0/share");
  CHECK(refused(world.plan({{.share_permille = 500}, {.share_permille = 500}})) ==
        "/waves/1/share");
  CHECK(refused(world.plan({{.share_permille = 1000, .tolerance_permille = 1001}})) ==
        "/waves/0/tolerance");
  CHECK(refused(world.plan({{.share_permille = 1000, .soak = -1s}})) == "/waves/0/soak");
  auto hasty = world.plan(all_at_once);
  hasty.deadline = 0s;
  CHECK(refused(hasty) == "/deadline");
  auto unknown = world.plan(all_at_once);
  unknown.release = std::string(64, '0');
  CHECK(refused(unknown) == "/release");
}

TEST_CASE("each wave has at least one device for as long as there are any") {
  World world({.devices = 2});
  const auto id =
      world.start({{.share_permille = 1}, {.share_permille = 2}, {.share_permille = 1000}});
  const auto waves = world.progress(id).waves;
  CHECK(waves[0].targets == 1);
  CHECK(waves[1].targets == 1);
  CHECK(waves[2].targets == 0);
  world.report(1, Outcome::installed);
  world.pass(30s);
  world.report(1, Outcome::installed);
  world.pass(30s);
  CHECK(world.state(id) == State::done);
}

TEST_CASE("canaries are drawn by lot, and drawn the same from the same seed") {
  const auto canaries = [](std::uint64_t seed) {
    World world({.devices = 100, .seed = seed});
    world.start(tenth_then_all);
    world.everybody_asks();
    std::vector<DeviceId> out;
    for (const auto& [device, answer] : world.answers) out.push_back(device);
    return out;
  };
  CHECK(canaries(1) == canaries(1));
  CHECK(canaries(1) != canaries(2));
}

TEST_CASE("a report that answers no offer of ours is refused with words") {
  World world({.devices = 100});
  world.start(tenth_then_all);
  const auto& device = world.devices[0];
  const auto words = [&](const std::string& release, Outcome outcome, Fault fault) {
    return refusal(world.rollouts->report(device, release, outcome, ""), fault);
  };
  CHECK(mentions(words("no such", Outcome::installed, Fault::missing), "no such release"));
  CHECK(mentions(words(world.wanted, Outcome::installed, Fault::conflict),
                 "release 1.1 has not been offered to " + device.text()));
  CHECK(mentions(words(world.earlier, Outcome::installed, Fault::conflict), "1.0"));
  words(world.wanted, Outcome::silent, Fault::invalid);
  CHECK_FALSE(
      world.rollouts->report(device, world.wanted, Outcome::failed, std::string(1025, 'x')));
}

TEST_CASE("a word about a rollout that has ended is still counted there") {
  World world({.devices = 10});
  const auto id = world.start({{.share_permille = 1000, .tolerance_permille = 1000}});
  world.report(8, Outcome::installed);
  world.pass(World::deadline);
  world.pass(30s);
  REQUIRE(world.state(id) == State::done);
  CHECK(world.progress(id).waves[0].silent == 2);
  const auto late = world.with(id, Outcome::silent).front();
  expect(world.rollouts->report(late, world.wanted, Outcome::installed, ""));
  CHECK(world.progress(id).waves[0].silent == 1);
  CHECK(world.progress(id).waves[0].installed == 9);
  CHECK(world.state(id) == State::done);
  world.reopen();
  CHECK(world.progress(id).waves[0].installed == 9);
}

TEST_CASE("a wave that has passed still halts the rollout when it turns sick") {
  World world({.devices = 100});
  const auto id = world.start(tenth_then_all);
  const auto canaries = world.report(10, Outcome::installed);
  world.pass(30s);
  REQUIRE(world.progress(id).wave == 1);
  expect(world.rollouts->report(canaries[0], world.wanted, Outcome::reverted, "watchdog"));
  CHECK(world.state(id) == State::running);
  expect(world.rollouts->report(canaries[1], world.wanted, Outcome::reverted, "watchdog"));
  CHECK(world.state(id) == State::reverting);
  CHECK(world.progress(id).waves[0].state == WaveState::failed);
}

TEST_CASE("an ended rollout can be neither paused nor halted, and a missing one is missing") {
  World world({.devices = 1});
  const auto id = world.start(all_at_once);
  world.report(1, Outcome::installed);
  world.pass(30s);
  CHECK(refusal(world.rollouts->pause(id, world.alice, ""), Fault::conflict) ==
        "rollout 1 is done; it cannot be paused");
  refusal(world.rollouts->resume(id, world.alice), Fault::conflict);
  refusal(world.rollouts->halt(id, world.alice, ""), Fault::conflict);
  refusal(world.rollouts->halt({99}, world.alice, ""), Fault::missing);
  refusal(world.rollouts->progress({99}), Fault::missing);
}

TEST_CASE("targets are read page by page") {
  World world({.devices = 25});
  const auto id = world.start(all_at_once);
  std::size_t seen = 0;
  std::string after;
  for (;;) {
    const auto page = expect(world.rollouts->targets(id, std::nullopt, after, 10));
    if (page.empty()) break;
    CHECK(page.front().device.text() > after);
    after = page.back().device.text();
    seen += page.size();
  }
  CHECK(seen == 25);
}
