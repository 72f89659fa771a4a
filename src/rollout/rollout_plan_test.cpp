// What a plan may ask for: rings, draws, windows, limits, needs, late joiners, retries, emergencies
// and a second person.
#include <catch2/catch.hpp>

#include "rollout/internal/plan.h"
#include "rollout/internal/test_world.h"
#include "rollout/internal/windows.h"

using namespace muster;
using namespace muster::rollout;

namespace {

const std::vector<Wave> all_at_once{{.share_permille = 1000, .tolerance_permille = 1000}};
const ledger::Actor bob{"operator:bob", "operator"};

bool mentions(const std::string& text, const std::string& words) {
  return text.find(words) != text.npos;
}
inventory::Selector selector(const std::string& text) {
  return expect(inventory::Selector::parse(text));
}
void group(World& world, std::size_t device, std::vector<std::string> groups) {
  expect(world.inventory->edit(world.devices[device], {.groups = std::move(groups)}, world.alice));
}
std::vector<DeviceId> told(World& world) {
  std::vector<DeviceId> out;
  for (const auto& d : world.devices)
    if (world.rollouts->offer(d)) out.push_back(d);
  return out;
}
std::size_t entries(const World& world, const std::string& action) {
  std::size_t count = 0;
  for (const auto& recorded : expect(world.ledger->entries(0, 100'000)))
    count += recorded.entry.action == action;
  return count;
}
Instant at(const char* text) {
  return expect(parse_rfc3339(text));
}

}  // namespace

TEST_CASE("a staging ring comes first, then a count, then shares of all") {
  World world({.devices = 100});
  for (std::size_t i = 90; i < 95; ++i) group(world, i, {"staging"});
  Wave ring{.tolerance_permille = 1000, .soak = 1s};
  ring.selector = selector("\"staging\" in groups");
  Wave few{.tolerance_permille = 1000, .soak = 1s};
  few.count = 3;
  const auto id = world.start({ring, few, {.share_permille = 200}, {.share_permille = 1000}});
  std::vector<std::size_t> sizes;
  for (const auto& w : world.progress(id).waves) sizes.push_back(w.targets);
  CHECK(sizes == std::vector<std::size_t>{5, 3, 12, 80});
  CHECK(told(world) == std::vector(world.devices.begin() + 90, world.devices.begin() + 95));
  world.reopen();
  CHECK(world.progress(id).plan.waves[0].selector->text() == "\"staging\" in groups");
  CHECK(world.progress(id).plan.waves[1].count == 3);
}

TEST_CASE("canaries are spread over what the plan names, in proportion") {
  World world({.devices = 200});
  for (std::size_t i = 0; i < 200; ++i)
    group(world, i, {i < 150 ? "site:north" : i < 190 ? "site:south" : "site:west"});
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto plan = world.plan({{.share_permille = 100}, {.share_permille = 1000}});
    plan.spread = {"site"};
    plan.seed = seed;
    const auto preview = expect(world.rollouts->preview(plan));
    std::map<std::string, int> sites;
    for (const auto& d : preview.waves[0].first) ++sites[world.inventory->find(d)->groups[0]];
    CHECK(sites["site:north"] == 15);
    CHECK(sites["site:south"] == 4);
    CHECK(sites["site:west"] == 1);
  }
}

TEST_CASE("a dry run shows who gets it, when, and with its seed the start does the same") {
  World world({.devices = 100});
  auto plan = world.plan({{.share_permille = 50, .soak = 1h}, {.share_permille = 1000}});
  plan.limits.per_minute = 10;
  const auto preview = expect(world.rollouts->preview(plan));
  REQUIRE(preview.waves.size() == 2);
  CHECK(preview.waves[0].earliest == world.clock.now());
  CHECK(preview.waves[1].earliest == world.clock.now() + 30s + 1h);
  plan.seed = preview.seed;
  plan.limits = {};
  expect(world.rollouts->start(plan, world.alice));
  auto first = preview.waves[0].first;
  std::sort(first.begin(), first.end());
  CHECK(told(world) == first);
}

TEST_CASE("what a release needs keeps others out, with words") {
  World world({.devices = 4});
  const auto report = [&](std::size_t i, const char* firmware, const char* boot,
                          const char* board) {
    expect(
        world.inventory->reported(world.devices[i], firmware, "",
                                  wire::Json::object({{"bootloader", boot}, {"hardware", board}})));
  };
  report(0, "1.0", "2.1", "B");
  report(1, "0.9", "2.1", "B");
  report(2, "1.0", "2.0", "B");
  report(3, "1.0", "2.1", "A");
  auto plan = world.plan(all_at_once);
  plan.needs = {.minimum = "1.0", .versions = {{"bootloader", "2.1"}}, .hardware = {"B", "C"}};
  const auto preview = expect(world.rollouts->preview(plan));
  CHECK(preview.targets == 1);
  REQUIRE(preview.left_out.size() == 3);
  CHECK(preview.left_out[0].second == "runs 0.9; the release needs 1.0 first");
  CHECK(preview.left_out[1].second == "has bootloader 2.0; the release needs 2.1 or later");
  CHECK(preview.left_out[2].second == "is hardware A, which the release is not for");
}

TEST_CASE("a zone knows its summer, on either side of the world") {
  const auto berlin = expect(Zone::parse("CET-1CEST,M3.5.0,M10.5.0/3"));
  CHECK(berlin.offset_s(at("2026-01-15T12:00:00Z")) == 3600);
  CHECK(berlin.offset_s(at("2026-07-15T12:00:00Z")) == 7200);
  CHECK(berlin.offset_s(at("2026-03-29T00:59:59Z")) == 3600);
  CHECK(berlin.offset_s(at("2026-03-29T01:00:00Z")) == 7200);
  CHECK(berlin.offset_s(at("2026-10-25T00:59:59Z")) == 7200);
  CHECK(berlin.offset_s(at("2026-10-25T01:00:00Z")) == 3600);
  const auto sydney = expect(Zone::parse("AEST-10AEDT,M10.1.0,M4.1.0/3"));
  CHECK(sydney.offset_s(at("2026-01-15T12:00:00Z")) == 39600);
  CHECK(sydney.offset_s(at("2026-07-15T12:00:00Z")) == 36000);
  CHECK(expect(Zone::parse("<+0530>-5:30")).offset_s(at("2026-07-15T12:00:00Z")) == 19800);
  CHECK(expect(Zone::parse("EST5")).offset_s(at("2026-07-15T12:00:00Z")) == -18000);
  CHECK(berlin.local(at("2026-11-22T23:30:00Z")).day == 0);  // Monday already
  for (const char* bad : {"", "CE", "CET", "CET-25", "Europe/Berlin", "CET-1CEST",
                          "CET-1CEST,M13.1.0,M1", "CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1"})
    CHECK_FALSE(Zone::parse(bad));
}

TEST_CASE("offers are made while the window of the device's own zone is open") {
  World world({.devices = 2});
  group(world, 0, {"site:berlin"});
  group(world, 1, {"site:tokyo"});
  auto plan = world.plan(all_at_once);
  Window berlin{.from_minute = 22 * 60, .to_minute = 2 * 60, .zone = "CET-1CEST,M3.5.0,M10.5.0/3"};
  berlin.where = selector("\"site:berlin\" in groups");
  plan.windows = {berlin, {.from_minute = 22 * 60, .to_minute = 2 * 60, .zone = "JST-9"}};
  const auto id = expect(world.rollouts->start(plan, world.alice));
  world.clock.pass(at("2026-03-01T14:30:00Z") - world.clock.now());  // 23:30 in Tokyo
  CHECK(told(world) == std::vector{world.devices[1]});
  expect(world.rollouts->report(world.devices[1], world.wanted, Outcome::installed, ""));
  world.rollouts->tick();
  CHECK(world.progress(id).waves[0].silent == 0);  // whose window has not opened is not silent
  world.clock.pass(at("2026-03-01T21:02:00Z") - world.clock.now());  // 22:02 in Berlin
  world.rollouts->tick();
  CHECK(world.progress(id).waves[0].silent == 0);
  SECTION("who comes is told") {
    CHECK(told(world) == std::vector{world.devices[0]});
  }
  SECTION("who does not come for a deadline while it is open is silent") {
    world.pass(10min);
    CHECK(world.progress(id).waves[0].silent == 1);
  }
  SECTION("the same after a restart") {
    world.reopen();
    CHECK(told(world) == std::vector{world.devices[0]});
  }
}

TEST_CASE("a window opens on its days only, and past midnight belongs to the day before") {
  const std::vector<Window> weekdays{{.days = 0x1f, .from_minute = 22 * 60, .to_minute = 2 * 60}};
  const std::vector<Zone> zones{expect(Zone::parse("UTC0"))};
  const inventory::Device device;
  const auto open = [&](const char* when) {
    return opening(weekdays, zones, device, at(when)).open;
  };
  CHECK(open("2026-11-20T23:00:00Z"));  // Friday
  CHECK(open("2026-11-21T01:59:59Z"));
  CHECK_FALSE(open("2026-11-21T02:00:00Z"));
  CHECK_FALSE(open("2026-11-21T23:00:00Z"));  // Saturday
  CHECK_FALSE(open("2026-11-22T01:00:00Z"));
  CHECK(first_open(weekdays, zones, at("2026-11-21T03:00:00Z")) == at("2026-11-23T22:00:00Z"));
}

TEST_CASE("no more devices are under way at once than the plan allows, over all and per site") {
  World world({.devices = 40});
  for (std::size_t i = 0; i < 40; ++i) {
    group(world, i, {i % 2 ? "site:a" : "site:b"});
    world.inventory->contact(world.devices[i], true);
  }
  auto plan = world.plan(all_at_once);
  plan.limits = {.at_once = 7, .site_at_once = 4, .sites = "site:"};
  const auto id = expect(world.rollouts->start(plan, world.alice));
  std::size_t most = 0;
  for (int round = 0; round < 100 && world.state(id) == State::running; ++round) {
    world.called.clear();
    world.pass(1s);
    for (const auto& d : std::vector(world.called)) world.ask(d);
    std::map<std::string, std::size_t> sites;
    const auto under_way = world.with(id, Outcome::offered);
    for (const auto& d : under_way) ++sites[world.inventory->find(d)->groups[0]];
    most = std::max(most, under_way.size());
    CHECK(under_way.size() <= 7);
    for (const auto& [site, n] : sites) CHECK(n <= 4);
    for (const auto& d : under_way)
      expect(world.rollouts->report(d, world.wanted, Outcome::installed, ""));
    if (round == 3) {
      world.reopen();
      for (const auto& d : world.devices) world.inventory->contact(d, true);
    }
  }
  CHECK(most == 7);
  CHECK(world.progress(id).waves[0].installed == 40);
  CHECK(world.progress(id).waves[0].silent == 0);
}

TEST_CASE("offers keep the plan's rate, across a restart as well") {
  World world({.devices = 300});
  auto plan = world.plan(all_at_once);
  plan.limits.per_minute = 60;
  expect(world.rollouts->start(plan, world.alice));
  std::size_t made = told(world).size();
  CHECK(made == 2);  // a second's worth, and the first
  for (int s = 0; s < 60; ++s) {
    world.pass(1s);
    made = told(world).size();
    if (s % 10 == 0) world.reopen();
  }
  CHECK(made >= 60);
  CHECK(made <= 63);
}

TEST_CASE("who comes to match joins the last wave of a rollout that follows, and of no other") {
  for (const bool follow : {true, false}) {
    World world({.devices = 20});
    for (std::size_t i = 0; i < 10; ++i) group(world, i, {"north"});
    auto plan = world.plan({{.share_permille = 100, .soak = 1s}, {.share_permille = 1000}});
    plan.selector = selector("\"north\" in groups");
    plan.follow = follow;
    const auto id = expect(world.rollouts->start(plan, world.alice));
    for (std::size_t i = 10; i < 15; ++i) group(world, i, {"north"});
    CHECK(world.progress(id).waves[1].targets == (follow ? 14u : 9u));
    world.report(1, Outcome::installed);
    world.pass(2s);
    group(world, 15, {"north"});  // its wave is open by now
    CHECK(told(world).size() == (follow ? 15u : 9u));
    CHECK(entries(world, "target.joined") == (follow ? 6u : 0u));
    world.reopen();
    CHECK(told(world).size() == (follow ? 15u : 9u));
    world.report(20, Outcome::installed);
    world.pass(40s);
    CHECK(world.state(id) == State::done);
  }
}

TEST_CASE("a retry is for those that failed or were silent, and for no one else") {
  World world({.devices = 20});
  const auto id = world.start(all_at_once);
  world.report(15, Outcome::installed);
  const auto failed = world.report(2, Outcome::failed);
  world.pass(World::deadline);
  world.pass(30s);
  REQUIRE(world.state(id) == State::done);
  auto plan = world.plan(all_at_once);
  plan.retry_of = RolloutId{99};
  CHECK(world.rollouts->preview(plan).error().field == "/retry_of");
  plan.retry_of = id;
  CHECK(expect(world.rollouts->preview(plan)).targets == 5);
  expect(world.rollouts->start(plan, world.alice));
  CHECK(told(world).size() == 5);
}

TEST_CASE("an emergency patch takes its targets from an ordinary rollout, each with an entry") {
  World world({.devices = 20});
  const auto ordinary = world.start({{.share_permille = 500, .tolerance_permille = 0, .soak = 1s},
                                     {.share_permille = 1000, .tolerance_permille = 0}});
  world.report(3, Outcome::installed);
  const auto first = world.with(ordinary, Outcome::offered);
  const auto old_release = world.wanted;
  world.wanted = world.publish("1.2", 0);
  auto plan = world.plan(all_at_once);
  CHECK_FALSE(world.rollouts->start(plan, world.alice));
  plan.emergency = true;
  plan.selector = selector("id != \"" + world.with(ordinary, Outcome::installed)[0].text() + "\"");
  CHECK(expect(world.rollouts->preview(plan)).overtaken.size() == 19);
  const auto emergency = expect(world.rollouts->start(plan, world.alice));
  CHECK(entries(world, "target.overtaken") == 19);
  CHECK(world.with(ordinary, Outcome::overtaken).size() == 19);
  world.reopen();
  for (const auto& d : world.devices)
    if (const auto answer = world.rollouts->offer(d)) CHECK(answer->release == world.wanted);
  expect(
      world.rollouts->report(first[0], old_release, Outcome::failed, "late"));  // says nothing now
  CHECK(world.with(ordinary, Outcome::overtaken).size() == 19);
  world.pass(3s);
  CHECK(world.progress(ordinary).wave == 1);
  world.pass(40s);
  CHECK(world.state(ordinary) == State::done);
  for (const auto& d : world.with(emergency, Outcome::offered))
    expect(world.rollouts->report(d, world.wanted, Outcome::installed, ""));
  world.pass(40s);
  CHECK(world.state(emergency) == State::done);
  CHECK(world.with(emergency, Outcome::installed).size() == 19);
  SECTION("no other emergency takes them") {
    world.wanted = world.publish("1.3", 0);
    plan.release = world.wanted;
    expect(world.rollouts->start(plan, world.alice));
    world.wanted = plan.release = world.publish("1.4", 0);
    CHECK_FALSE(world.rollouts->start(plan, world.alice));
  }
}

TEST_CASE(
    "an emergency patch takes devices on their way back as well, and that ends without them") {
  World world({.devices = 10});
  const auto ordinary = world.start(all_at_once);
  world.report(10, Outcome::installed);
  expect(world.rollouts->halt(ordinary, world.alice, "smoke"));
  world.ask(world.devices[0]);
  world.wanted = world.publish("1.2", 0);
  auto plan = world.plan(all_at_once);
  plan.emergency = true;
  expect(world.rollouts->start(plan, world.alice));
  CHECK(world.state(ordinary) == State::reverted);
  CHECK(told(world).size() == 10);
}

TEST_CASE("two persons: the author cannot approve, and a changed plan needs approval again") {
  World world({.devices = 10});
  world.rollouts->need_approval(true);
  auto plan = world.plan(all_at_once);
  CHECK(world.rollouts->start(plan, world.alice).error().fault == Fault::conflict);
  const auto id = expect(world.rollouts->propose(plan, world.alice));
  const auto seen = expect(world.rollouts->proposal(id)).digest;
  const auto own = world.rollouts->approve(id, seen, world.alice);
  CHECK(own.error().fault == Fault::forbidden);

  plan.waves[0].tolerance_permille = 500;
  expect(world.rollouts->amend(id, plan, world.alice));
  const auto swapped = world.rollouts->approve(id, seen, bob);
  CHECK(swapped.error().fault == Fault::conflict);
  CHECK(mentions(swapped.error().message, "it has been changed"));
  CHECK(entries(world, "proposal.refused") == 2);
  CHECK(world.rollouts->list(10).empty());

  world.reopen();
  const auto now = expect(world.rollouts->proposal(id));
  CHECK(now.digest != seen);
  const auto rollout = expect(world.rollouts->approve(id, now.digest, bob));
  CHECK(world.state(rollout) == State::running);
  CHECK(world.progress(rollout).plan.waves[0].tolerance_permille == 500);
  CHECK(world.rollouts->approve(id, now.digest, bob).error().fault == Fault::conflict);
  CHECK(world.rollouts->amend(id, plan, world.alice).error().fault == Fault::conflict);
  world.reopen();
  const auto kept = expect(world.rollouts->proposal(id));
  CHECK(kept.standing == Standing::approved);
  CHECK(kept.approver == "operator:bob");
  CHECK(kept.rollout == rollout);
}

TEST_CASE("who changes a plan is its author, and what is withdrawn cannot be approved") {
  World world({.devices = 10});
  auto plan = world.plan(all_at_once);
  const auto id = expect(world.rollouts->propose(plan, world.alice));
  plan.deadline = 10min;
  expect(world.rollouts->amend(id, plan, bob));
  const auto digest = expect(world.rollouts->proposal(id)).digest;
  CHECK(world.rollouts->approve(id, digest, bob).error().fault == Fault::forbidden);
  expect(world.rollouts->withdraw(id, world.alice, "not this week"));
  CHECK_FALSE(world.rollouts->approve(id, digest, world.alice));
  CHECK(world.rollouts->proposals(10).at(0).standing == Standing::withdrawn);
}

TEST_CASE("a plan is stored whole: it reads as it was written") {
  World world({.devices = 10});
  auto plan = world.plan(all_at_once);
  plan.gate =
      Gate{.false_halt_permille = 5, .otherwise = Otherwise::pause, .watched = {Stream::health}};
  plan.limits = {1, 2, 3, 4, "site:"};
  plan.windows = {{.days = 3, .from_minute = 5, .to_minute = 9, .zone = "EST5"}};
  plan.windows[0].where = selector("model == \"meter\"");
  plan.needs = {.minimum = "1.0", .versions = {{"bootloader", "2"}}, .hardware = {"A"}};
  plan.spread = {"site", "firmware"};
  plan.way_back = {{100, 1000}, 30};
  plan.seed = 0xfedcba9876543210;
  const auto again = expect(read_plan(to_json(plan)));
  CHECK(wire::to_text(to_json(again)) == wire::to_text(to_json(plan)));
  CHECK(digest_of(again) == digest_of(plan));
  CHECK(again.gate == plan.gate);
}

TEST_CASE("terms that make no sense are refused with their place") {
  World world({.devices = 10});
  const auto refused = [&](auto&& change) {
    auto plan = world.plan(all_at_once);
    change(plan);
    const auto started = world.rollouts->start(plan, world.alice);
    return started ? std::string() : started.error().field;
  };
  CHECK(refused([](Plan& p) { p.gate = Gate{.harm_permille = 0}; }) == "/gate/harm_permille");
  CHECK(refused([](Plan& p) { p.limits.site_at_once = 1; }) == "/limits/sites");
  CHECK(refused([](Plan& p) { p.windows = {{.zone = "Mars"}}; }) == "/windows/0/zone");
  CHECK(refused([](Plan& p) { p.windows = {{.days = 0}}; }) == "/windows/0/days");
  CHECK(refused([](Plan& p) { p.needs.minimum = "x"; }) == "/needs/minimum");
  CHECK(refused([](Plan& p) { p.way_back.shares = {500}; }) == "/way_back/shares_permille");
  CHECK(refused([](Plan& p) { p.emergency = p.follow = true; }) == "/follow");
  CHECK(refused([](Plan& p) { p.waves.front().count = 2; }) == "/waves/0/share");
}

TEST_CASE("a store of before gates opens, and what runs there goes on and back") {
  World world({.devices = 20});
  const auto id = world.start(all_at_once);
  world.report(10, Outcome::installed);
  expect(world.rollouts->halt(id, world.alice, "smoke"));
  auto& writer = world.ledger->observe();  // as the migration leaves rows that were there before
  writer.write("UPDATE rollout_rollout SET back_wave = 0, back_until = -1, back_going = 0");
  writer.write(
      "UPDATE rollout_rollout SET plan = '{\"release\":\"' || release ||"
      " '\",\"selector\":\"all\",\"waves\":[{\"share\":1000,\"tolerance\":1000,\"soak_ms\":30000}],"
      "\"deadline_ms\":300000,\"quarantined\":false}'");
  world.reopen();
  CHECK(told(world).size() == 20);
  for (const auto& d : world.devices)
    expect(world.rollouts->report(d, world.earlier, Outcome::installed, ""));
  CHECK(world.state(id) == State::reverted);
}
