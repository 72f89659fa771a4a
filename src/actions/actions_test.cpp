#include "actions/actions.h"

#include <catch2/catch.hpp>

#include "rollout/internal/test_world.h"

namespace muster::actions {
namespace {

using rollout::Outcome;

// A fleet, and what its devices with a client of others were told.
struct Fleet {
  explicit Fleet(int devices = 4) : world({.devices = devices}) {
    open();
    for (const auto& release : {world.earlier, world.wanted})
      actions->keep_digests(world.releases->find(release)->metadata.artifact_sha256,
                            {std::string(40, 'a'), std::string(32, 'b')});
  }
  void open() {
    actions.emplace(
        expect(Actions::open(*world.store, *world.ledger, *world.inventory, *world.releases,
                             *world.rollouts, world.clock, world.random)));
  }
  void restart() {
    world.commit();
    actions.reset();
    world.reopen();
    open();
  }
  rollout::RolloutId start() { return world.start({{.share_permille = 1000, .soak = 1s}}); }
  Now poll(const DeviceId& d, bool idle = false) { return actions->next(d, idle, true); }
  std::uint64_t begun(const DeviceId& d) {
    const auto now = poll(d);
    REQUIRE(now.need == Need::install);
    return now.action->number;
  }
  std::size_t recorded(const std::string& action) {
    std::size_t count = 0;
    for (const auto& each : expect(world.ledger->entries(0, 100'000)))
      count += each.entry.action == action;
    return count;
  }

  rollout::World world;
  std::optional<Actions> actions;
  DeviceId one = rollout::World::device(0), two = rollout::World::device(1);
};

const ledger::Actor alice{"operator:alice", "admin"};

}  // namespace

TEST_CASE("what a client says becomes the outcome of its rollout and the firmware of its device") {
  Fleet f(2);
  CHECK(f.poll(f.one).need == Need::nothing);
  const auto id = f.start();
  const auto number = f.begun(f.one);
  CHECK(f.begun(f.one) == number);
  CHECK(f.actions->hear(f.one, number, Word::progress, "1/3") == Heard::taken);
  CHECK(f.actions->find(f.one)->open->word == "1/3");
  CHECK(f.world.with(id, Outcome::offered).size() == 1);
  CHECK(f.actions->hear(f.one, number, Word::succeeded, "well") == Heard::taken);
  CHECK(f.world.with(id, Outcome::installed) == std::vector{f.one});
  CHECK(f.world.inventory->find(f.one)->firmware == "1.1");
  CHECK(f.world.inventory->find(f.one)->release_id == f.world.wanted);
  CHECK(f.poll(f.one).need == Need::nothing);
  CHECK(f.actions->hear(f.one, number, Word::progress, "") == Heard::over);
  CHECK(f.actions->hear(f.one, number + 1, Word::progress, "") == Heard::unknown);
  CHECK(f.actions->hear(f.two, number, Word::progress, "") == Heard::unknown);
}

TEST_CASE(
    "a failure halts the rollout, and what others were told is cancelled before they go back") {
  Fleet f(3);
  const auto id = f.start();
  const auto first = f.begun(f.one), second = f.begun(f.two);
  CHECK(f.actions->hear(f.two, second, Word::cancelled, "") == Heard::not_cancellable);
  CHECK(f.actions->hear(f.one, first, Word::failed, "it does not boot") == Heard::taken);
  CHECK(f.world.state(id) == rollout::State::reverting);
  const auto now = f.poll(f.two);
  CHECK(now.need == Need::cancel);
  CHECK(now.hold == Hold::fail);
  CHECK(now.action->number == second);
  CHECK(f.actions->hear(f.two, second, Word::progress, "") == Heard::unwanted);
  CHECK(f.actions->hear(f.two, second, Word::cancelled, "dropped") == Heard::taken);
  CHECK(f.recorded("action.cancelled") == 1);
  const auto back = f.poll(f.two);
  CHECK(back.need == Need::install);
  CHECK(back.action->back);
  CHECK(back.action->release == f.world.earlier);
  CHECK(back.action->number > second);
  CHECK(f.actions->hear(f.two, back.action->number, Word::succeeded, "") == Heard::taken);
  CHECK(f.world.state(id) == rollout::State::reverted);
  CHECK(f.world.inventory->find(f.two)->firmware == "1.0");
}

TEST_CASE("a client that will not drop an action is not asked again, and its end counts") {
  Fleet f(1);
  const auto id = f.start();
  const auto number = f.begun(f.one);
  expect(f.world.rollouts->halt(id, alice, "second thoughts"));
  CHECK(f.poll(f.one).need == Need::cancel);
  CHECK(f.actions->hear(f.one, number, Word::cancel_refused, "too late") == Heard::taken);
  CHECK(f.poll(f.one).need == Need::install);
  CHECK(f.poll(f.one).hold == Hold::fail);
  CHECK(f.actions->hear(f.one, number, Word::succeeded, "") == Heard::taken);
  CHECK(f.poll(f.one).action->back);
}

TEST_CASE("who says that it is idle has dropped what was to be cancelled") {
  Fleet f(1);
  const auto id = f.start();
  const auto number = f.begun(f.one);
  expect(f.world.rollouts->halt(id, alice, "second thoughts"));
  const auto now = f.poll(f.one, true);
  CHECK(now.need == Need::install);
  CHECK(now.action->back);
  CHECK(now.action->number != number);
  CHECK(f.recorded("action.cancelled") == 1);
}

TEST_CASE("a paused rollout holds what is installed, and lets it go on when it resumes") {
  Fleet f(1);
  const auto id = f.start();
  f.begun(f.one);
  CHECK(f.actions->now(f.one).hold == Hold::go_on);
  expect(f.world.rollouts->pause(id, alice, "let us look"));
  CHECK(f.actions->now(f.one).hold == Hold::pause);
  CHECK(f.actions->now(f.one).need == Need::install);
  expect(f.world.rollouts->resume(id, alice));
  CHECK(f.actions->now(f.one).hold == Hold::go_on);
  expect(f.world.rollouts->halt(id, alice, "no"));
  CHECK(f.actions->now(f.one).hold == Hold::fail);
}

TEST_CASE(
    "nothing begins before the digests that a client needs are known, and looking begins none") {
  rollout::World world({.devices = 1});
  auto actions = expect(Actions::open(*world.store, *world.ledger, *world.inventory,
                                      *world.releases, *world.rollouts, world.clock, world.random));
  world.start({{.share_permille = 1000}});
  const auto device = rollout::World::device(0);
  CHECK(actions.now(device).need == Need::nothing);
  CHECK(actions.next(device, false, true).need == Need::nothing);
  REQUIRE(actions.digests_wanted().size() == 1);
  actions.keep_digests(actions.digests_wanted().front(), {"aa", "bb"});
  CHECK(actions.digests_wanted().empty());
  CHECK(actions.next(device, false, true).need == Need::install);
}

TEST_CASE("consent is waited for where the device asks for it, and a denial may be taken back") {
  Fleet f(1);
  expect(f.actions->ask_consent(f.one, true));
  f.start();
  const auto asked = f.poll(f.one);
  REQUIRE(asked.need == Need::consent);
  CHECK(f.actions->hear(f.one, asked.action->number, Word::denied, "not at night") == Heard::taken);
  CHECK(f.actions->find(f.one)->open->stage == Stage::denied);
  CHECK(f.poll(f.one).need == Need::consent);
  CHECK(f.actions->hear(f.one, asked.action->number, Word::confirmed, "") == Heard::taken);
  CHECK(f.poll(f.one).need == Need::install);
}

TEST_CASE("after a restart each device is where it was") {
  Fleet f(2);
  f.start();
  const auto number = f.begun(f.one);
  f.actions->hear(f.one, number, Word::progress, "halfway");
  expect(f.actions->ask_consent(f.two, true));
  const auto token = expect(f.actions->make_token(f.two, alice));
  f.actions->keep_log(f.one, number, "line 1\n");
  f.restart();
  CHECK(f.poll(f.one).action->number == number);
  CHECK(f.actions->find(f.one)->open->word == "halfway");
  CHECK(f.actions->find(f.one)->open->stage == Stage::under_way);
  CHECK(f.actions->log(f.one) == "line 1\n");
  CHECK(f.actions->find(f.two)->asks);
  CHECK(f.actions->admit_ddi(f.two, token));
  CHECK(f.actions->hear(f.one, number, Word::succeeded, "") == Heard::taken);
  f.restart();
  CHECK(f.actions->find(f.one)->last->stage == Stage::succeeded);
  CHECK(f.actions->hear(f.one, number, Word::succeeded, "") == Heard::over);
}

TEST_CASE("a target token is asked for where one was made, and nowhere else") {
  Fleet f;
  CHECK(f.actions->admit_ddi(f.one, ""));
  CHECK(f.actions->admit_ddi(f.one, "x").error().fault == Fault::unauthorized);
  const auto token = expect(f.actions->make_token(f.one, alice));
  CHECK(token.size() >= 43);
  CHECK(f.actions->admit_ddi(f.one, token));
  CHECK_FALSE(f.actions->admit_ddi(f.one, ""));
  CHECK_FALSE(f.actions->admit_ddi(f.one, token + "x"));
  CHECK_FALSE(f.actions->admit_ddi(f.two, token));
  const auto other = expect(f.actions->make_token(f.one, alice));
  CHECK_FALSE(f.actions->admit_ddi(f.one, token));
  expect(f.actions->drop_token(f.one, alice));
  CHECK_FALSE(f.actions->admit_ddi(f.one, other));
  CHECK(f.actions->admit_ddi(f.one, ""));
  CHECK(f.actions->drop_token(f.one, alice).error().fault == Fault::missing);
  CHECK(f.recorded("target-token.made") == 2);
}

TEST_CASE("a session's token is good for its device, its certificate and an hour") {
  Fleet f;
  const crypto::Hash certificate{1}, renewed{2};
  const auto token = expect(f.actions->begin_session(f.one, certificate));
  CHECK(f.actions->admit_mender(f.one, certificate, token));
  CHECK_FALSE(f.actions->admit_mender(f.two, certificate, token));
  CHECK_FALSE(f.actions->admit_mender(f.one, renewed, token));
  CHECK_FALSE(f.actions->admit_mender(f.one, certificate, ""));
  f.world.clock.pass(1h);
  CHECK_FALSE(f.actions->admit_mender(f.one, certificate, token));
  const auto second = expect(f.actions->begin_session(f.one, certificate));
  f.restart();
  CHECK_FALSE(f.actions->admit_mender(f.one, certificate, second));
  CHECK(f.actions->begin_session(expect(DeviceId::parse("nobody")), certificate).error().fault ==
        Fault::missing);
}

TEST_CASE("attributes are merged, replaced and removed, and name the release that a device runs") {
  Fleet f;
  const auto attribute = [&](const char* name) -> std::string {
    const auto* all = f.world.inventory->find(f.one)->reported.find("attributes");
    const auto* value = all ? all->find(name) : nullptr;
    return value ? *value->text() : "-";
  };
  expect(f.actions->admit_ddi(f.one, ""));
  CHECK(f.actions->now(f.one).attributes_wanted);
  expect(f.actions->report(f.one, Attributes::merge, {{"board", "b"}, {"site", "s"}}));
  CHECK_FALSE(f.actions->now(f.one).attributes_wanted);
  CHECK(*f.world.inventory->find(f.one)->reported.find("update_client")->text() == "ddi");
  expect(f.actions->report(f.one, Attributes::merge, {{"board", "c"}}));
  CHECK(attribute("board") == "c");
  CHECK(attribute("site") == "s");
  expect(f.actions->report(f.one, Attributes::remove, {{"site", ""}}));
  CHECK(attribute("site") == "-");
  expect(f.actions->report(f.one, Attributes::replace, {{"firmware", "1.1"}}));
  CHECK(attribute("board") == "-");
  CHECK(f.world.inventory->find(f.one)->release_id == f.world.wanted);
  expect(f.actions->report(f.one, Attributes::replace, {{"firmware", "of another kind"}}));
  CHECK(f.world.inventory->find(f.one)->release_id == f.world.wanted);
  const auto large = f.actions->report(f.one, Attributes::merge, {{"x", std::string(13'000, 'x')}});
  CHECK(large.error().fault == Fault::invalid);
  CHECK_FALSE(f.actions->report(expect(DeviceId::parse("nobody")), Attributes::merge, {}));
}

}  // namespace muster::actions
