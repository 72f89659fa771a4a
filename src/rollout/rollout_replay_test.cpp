// What holds whatever happens: a restart changes no decision, and the counts are those of the
// targets. Fleets of chance, each replayed from its seed.
#include <catch2/catch.hpp>

#include "rollout/internal/test_world.h"

using namespace muster;
using namespace muster::rollout;

namespace {

// One fleet and the operators over it, at random. The same seed does the same things.
class Story {
 public:
  Story(World& world, std::uint64_t seed) : world_(world), chance_(seed) {}

  void step() {
    switch (chance_.below(14)) {
      case 0:
        return start();
      case 1:
        return govern();
      case 2:
      case 3:
        return world_.pass(Duration(1'000 * (1 + static_cast<int>(chance_.below(200)))));
      case 4:
      case 5:
      case 6:
        return ask();
      case 7:
        return show();
      case 8:
        return regroup();
      default:
        return report();
    }
  }
  const std::string& told() const { return told_; }  // every decision so far

 private:
  const DeviceId& someone() { return world_.devices[chance_.below(world_.devices.size())]; }
  int permille() { return static_cast<int>(chance_.below(1001)); }

  void start() {
    std::vector<Wave> waves;
    for (int share = 1 + static_cast<int>(chance_.below(500)); share < 1000; share *= 2)
      waves.push_back({share, permille(), Duration(1'000 * static_cast<int>(chance_.below(60)))});
    waves.push_back({1000, permille(), 5s});
    auto plan = world_.plan(std::move(waves));
    plan.deadline = Duration(1'000 * (1 + static_cast<int>(chance_.below(300))));
    if (chance_.below(2)) {
      const auto half = chance_.below(2) ? "id.endsWith(\"1\") || id.endsWith(\"3\")"
                                         : "id.endsWith(\"0\") || id.endsWith(\"4\")";
      plan.selector = expect(inventory::Selector::parse(half));
    }
    if (chance_.below(3) == 0) plan.release = world_.earlier;
    terms(plan);
    auto id = world_.rollouts->start(std::move(plan), world_.alice);
    tell("start", id ? std::to_string(id->number) : id.error().message);
  }

  void terms(Plan& plan) {
    plan.emergency = chance_.below(6) == 0;
    if (chance_.below(3) == 0) {
      plan.selector = expect(inventory::Selector::parse("\"north\" in groups"));
      plan.follow = !plan.emergency;
    }
    if (chance_.below(3) == 0) plan.way_back.shares = {1 + permille() / 2, 1000};
    if (chance_.below(2)) return;
    plan.gate = Gate{.control_permille = permille() / 4,
                     .small_wave = 1,
                     .patience = Duration(1'000 * static_cast<int>(chance_.below(60))),
                     .otherwise = chance_.below(2) ? Otherwise::pass : Otherwise::pause,
                     .watched = {Stream::install, Stream::health, Stream::restarts}};
  }

  // What a gate hears of a device.
  void show() {
    for (auto n = chance_.below(8); n > 0; --n) {
      const auto& d = someone();
      if (chance_.below(3))
        world_.rollouts->presence(d, chance_.below(3) > 0);
      else
        world_.rollouts->saw(d, Stream::health);
    }
  }

  void regroup() {
    const auto& d = someone();
    std::vector<std::string> groups;
    if (chance_.below(2)) groups.push_back("north");
    expect(world_.inventory->edit(d, {.groups = groups}, world_.alice));
  }

  void govern() {
    const auto all = world_.rollouts->list(100);
    if (all.empty()) return;
    const auto id = all[chance_.below(all.size())].id;
    const auto what = chance_.below(4);
    auto done = what == 0   ? world_.rollouts->pause(id, world_.alice, "a pause")
                : what == 1 ? world_.rollouts->halt(id, world_.alice, "a halt")
                            : world_.rollouts->resume(id, world_.alice);
    tell("govern", done ? "ok" : done.error().message);
  }

  void ask() {
    for (auto n = chance_.below(6); n > 0; --n) {
      const auto& d = someone();
      const auto answer = world_.rollouts->offer(d);
      tell(d.text(), answer ? answer->release + ' ' + std::to_string(answer->number) : "-");
    }
  }

  void report() {
    constexpr Outcome said[] = {Outcome::installed, Outcome::installed, Outcome::installed,
                                Outcome::failed, Outcome::reverted};
    const auto& d = someone();
    const auto answer = world_.rollouts->offer(d);
    const auto release = answer && chance_.below(5) ? answer->release
                         : chance_.below(2)         ? world_.earlier
                                                    : world_.wanted;
    const auto outcome = said[chance_.below(5)];
    const auto heard = world_.rollouts->report(d, release, outcome, "");
    if (heard && outcome == Outcome::installed)
      expect(world_.inventory->reported(d, release == world_.earlier ? "1.0" : "1.1", release, {}));
    tell("report", heard ? "ok" : heard.error().message);
  }

  void tell(const std::string& what, const std::string& came) {
    told_ += what + ": " + came + '\n';
  }

  World& world_;
  SeededRandom chance_;
  std::string told_;
};

std::string counts(const WaveProgress& w) {
  std::string out = std::string(name_of(w.state)) + ' ' + std::to_string(w.targets) + ':';
  for (const std::size_t n : {w.offered, w.installed, w.failed, w.reverted, w.silent})
    out += ' ' + std::to_string(n);
  for (const std::size_t n : w.outcomes) out += ' ' + std::to_string(n);
  return out;
}

std::string standing(const World& world) {
  std::string out;
  for (const auto& p : world.rollouts->list(1'000)) {
    out += std::to_string(p.id.number) + ' ' + name_of(p.state) + ' ' + std::to_string(p.wave) +
           ' ' + std::to_string(p.back_wave) + ' ' + p.reason + '\n';
    if (p.gate)
      for (const Evidence& e : p.gate->evidence)
        out += "  " + std::to_string(e.harm) + ' ' + std::to_string(e.treated) + ' ' +
               std::to_string(e.treated_events) + ' ' + std::to_string(e.control) + '\n';
    for (const auto& w : p.waves) out += "  " + counts(w) + '\n';
  }
  return out;
}

// The counts of each wave, made anew from the stored targets.
std::vector<WaveProgress> recounted(const World& world, const Progress& p) {
  std::vector<WaveProgress> out(p.waves.size());
  auto rows =
      world.store->read("SELECT wave, outcome, sick, number FROM rollout_target WHERE rollout = ?",
                        {static_cast<std::int64_t>(p.id.number)});
  while (rows.next()) {
    auto& w = out.at(static_cast<std::size_t>(rows.integer(0)));
    const auto outcome = static_cast<Outcome>(rows.integer(1));
    ++w.targets;
    ++w.outcomes.at(static_cast<std::size_t>(outcome));
    w.offered += rows.integer(3) > 0;
    w.failed += rows.integer(2) != 0;
    w.installed += outcome == Outcome::installed;
    w.reverted += outcome == Outcome::reverted;
    w.silent += outcome == Outcome::silent;
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i].state = p.waves[i].state;
  return out;
}

struct Ending {
  std::string told, standing;
  crypto::Hash root;
};

Ending play(std::uint64_t seed, int steps, bool restart_after_each) {
  World world({.devices = 14, .from_factory = 2, .seed = seed});
  Story story(world, seed);
  for (int i = 0; i < steps; ++i) {
    story.step();
    if (restart_after_each)
      world.reopen();
    else
      world.commit();
  }
  return {story.told(), standing(world), world.ledger->checkpoint().root};
}

}  // namespace

TEST_CASE("a restart at every commit changes no decision, no count and no entry of the ledger") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    const auto through = play(seed, 150, false);
    const auto restarted = play(seed, 150, true);
    CHECK(restarted.told == through.told);
    CHECK(restarted.standing == through.standing);
    CHECK(restarted.root == through.root);
  }
}

TEST_CASE("the counts of a wave are those of its targets, whatever happened") {
  std::set<State> seen;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    World world({.devices = 9, .from_factory = 1, .seed = seed});
    Story story(world, seed);
    for (int i = 0; i < 60; ++i) story.step();
    for (const auto& p : world.rollouts->list(1'000)) {
      seen.insert(p.state);
      const auto anew = recounted(world, p);
      for (std::size_t i = 0; i < anew.size(); ++i)
        if (counts(anew[i]) != counts(p.waves[i])) {
          INFO("seed " << seed << ", rollout " << p.id.number << ", wave " << i);
          CHECK(counts(p.waves[i]) == counts(anew[i]));
        }
    }
  }
  CHECK(seen.size() == 6);  // else the stories are too dull to prove anything
}

TEST_CASE("numbers rise strictly per device, and a device has one answer until something happens") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    World world({.devices = 9, .seed = seed});
    Story story(world, seed);
    std::map<DeviceId, Decision> last;
    for (int i = 0; i < 80; ++i) {
      story.step();
      for (const auto& d : world.devices) {
        const auto first = world.rollouts->offer(d);
        const auto again = world.rollouts->offer(d);
        REQUIRE(first.has_value() == again.has_value());
        if (!first) continue;
        CHECK(first->number == again->number);
        const auto before = last.find(d);
        if (before != last.end() && before->second.release == first->release &&
            before->second.back == first->back)
          CHECK(first->number >= before->second.number);
        else if (before != last.end())
          CHECK(first->number > before->second.number);
        last.insert_or_assign(d, *first);
      }
    }
  }
}
