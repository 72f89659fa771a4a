// What a gate promises, counted: how often it halts what is harmless, how soon what is not, and how
// often it lets a harmful release pass on evidence. Chance comes from seeds.
#include "rollout/gate.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "base/random.h"

using namespace muster;
using namespace muster::rollout;

namespace {

const Gate declared{};

// A fleet that is updated in three waves, observed in steps of a minute, 60 to a soak.
struct Fleet {
  std::size_t devices = 600;
  double usual_failures = 0.02;  // of installations
  double background = 0.005;     // events a device, a stream and a soak
  double outages = 0;            // a step: a tenth of the fleet, whoever it is, goes silent at once
  double bad = 0;                // share of devices on which the release is bad
  Stream shows = Stream::health;  // where that shows, within a soak
};

struct Course {
  bool halted = false;
  std::size_t hurt = 0;  // bad devices that had the release when it was halted
  bool passed = false;   // the first wave, on evidence
  Verdict verdict;
};

class Simulation {
 public:
  Simulation(const Fleet& fleet, std::uint64_t seed)
      : fleet_(fleet), chance_(seed), trial_(declared), has_(fleet.devices), bad_(fleet.devices) {
    for (std::size_t i = 0; i < fleet.devices; ++i) order_.push_back(i);
    for (std::size_t i = fleet.devices; i > 1; --i)
      std::swap(order_[i - 1], order_[chance_.below(i)]);
    for (auto& seen : seen_) seen.resize(fleet.devices);
    for (auto& left : left_) left = {0, fleet.devices};
  }

  Course run() {
    const std::size_t waves[] = {fleet_.devices / 10, fleet_.devices / 2, fleet_.devices * 49 / 50};
    for (const std::size_t upto : waves) {
      while (treated_ < upto && !out_.halted) install(order_[treated_]);
      for (int minute = 0; minute < 60 && !out_.halted; ++minute) step();
      if (upto != waves[0]) continue;
      out_.verdict = judge();
      out_.passed = out_.verdict.answer == Verdict::Answer::pass;
    }
    if (out_.halted) out_.verdict = judge();
    return out_;
  }

 private:
  void install(std::size_t device) {
    has_[device] = true;
    bad_[device] = chance_.unit() < fleet_.bad;
    out_.hurt += bad_[device];
    for (std::size_t s = 0; s < streams; ++s)
      if (!seen_[s][device]) --left_[s].control, ++left_[s].treated;
    ++treated_;
    ++installs_.tried;
    installs_.hurt +=
        (fleet_.shows == Stream::install && bad_[device]) || chance_.unit() < fleet_.usual_failures;
    look();
  }
  void step() {
    for (std::size_t s = 1; s < streams; ++s) {
      const double mean = fleet_.background / 60 * static_cast<double>(fleet_.devices);
      for (double wait = -std::log(1 - chance_.unit()); wait < mean;
           wait -= std::log(1 - chance_.unit()))
        event(s, chance_.below(fleet_.devices));
      if (static_cast<Stream>(s) == fleet_.shows && fleet_.bad > 0)
        for (std::size_t i = 0; i < treated_; ++i)
          if (bad_[order_[i]] && chance_.unit() < 0.05) event(s, order_[i]);
    }
    if (chance_.unit() < fleet_.outages)
      for (std::size_t i = chance_.below(10); i < fleet_.devices; i += 10)
        event(static_cast<std::size_t>(Stream::silence), i);
  }
  void event(std::size_t s, std::size_t device) {
    if (seen_[s][device] || out_.halted) return;
    const Side side = has_[device] ? Side::treated : Side::control;
    trial_.saw(static_cast<Stream>(s), side, left_[s]);
    --(has_[device] ? left_[s].treated : left_[s].control);
    seen_[s][device] = true;
    look();
  }
  void look() { out_.halted = out_.halted || trial_.harmful(installs_); }
  Verdict judge() const {
    Trial::Sides sides{};
    const auto t = static_cast<double>(treated_), all = static_cast<double>(fleet_.devices);
    for (auto& [control, treated] : sides) {
      treated = {treated_, t};
      control = {fleet_.devices - treated_, all - t};
    }
    return trial_.judge(installs_, sides);
  }

  Fleet fleet_;
  SeededRandom chance_;
  Trial trial_;
  Installs installs_;
  std::size_t treated_ = 0;
  std::vector<bool> has_, bad_;
  std::vector<std::size_t> order_;  // drawn by lot, as the engine does
  std::array<std::vector<bool>, streams> seen_;
  std::array<AtRisk, streams> left_;
  Course out_;
};

int halted(const Fleet& fleet, int runs) {
  int count = 0;
  for (int seed = 1; seed <= runs; ++seed)
    count += Simulation(fleet, static_cast<std::uint64_t>(seed)).run().halted;
  return count;
}

bool mentions(const std::string& text, const std::string& words) {
  return text.find(words) != text.npos;
}

}  // namespace

TEST_CASE("of harmless releases no more are halted than the gate declares") {
  CHECK(halted({.devices = 200}, 200) <= 2);
  SECTION("even where outages and bad weather fall on many devices at once") {
    CHECK(halted({.devices = 200, .background = 0.1, .outages = 0.03}, 120) <= 1);
  }
  SECTION("nor where the waves are looked at after each of very many installations") {
    int halts = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      SeededRandom chance(seed);
      Trial trial({.watched = {Stream::install}});
      Installs n;
      bool harmful = false;
      for (int i = 0; i < 4'000 && !harmful; ++i) {
        ++n.tried;
        n.hurt += chance.unit() < 0.02;
        harmful = trial.harmful(n);
      }
      halts += harmful;
    }
    CHECK(halts <= 1);
  }
}

TEST_CASE("a harmful release is halted early, and the sooner the worse it is") {
  struct Case {
    double bad;
    Stream shows;
    std::size_t hurt_at_most;
  };
  for (const auto& [bad, shows, most] :
       {Case{1.0, Stream::install, 4}, Case{0.2, Stream::install, 15},
        Case{1.0, Stream::health, 60}, Case{0.3, Stream::silence, 60},
        Case{0.2, Stream::restarts, 60}}) {
    INFO(name_of(shows) << ' ' << bad);
    std::size_t hurt = 0, halts = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const auto course = Simulation({.bad = bad, .shows = shows}, seed).run();
      halts += course.halted;
      hurt += course.hurt;
      if (course.halted) CHECK(mentions(course.verdict.words, name_of(shows)));
    }
    CHECK(halts == 20);
    CHECK(hurt / 20 <= most);
  }
}

TEST_CASE("a release that hurts as many as declared seldom passes on evidence") {
  int passed = 0, harmless_passed = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    Fleet fleet{.devices = 6'000, .usual_failures = 0.01, .background = 0.001};
    harmless_passed += Simulation(fleet, seed).run().passed;
    fleet.usual_failures = 0.04;  // 20 permille usual and 20 permille harm
    passed += Simulation(fleet, seed).run().passed;
  }
  CHECK(passed <= 1);            // miss_permille is 50
  CHECK(harmless_passed >= 19);  // and what is harmless does pass
}

TEST_CASE("what happens to both sides alike is no evidence, however much it is") {
  Trial trial(declared);
  std::size_t left = 500;
  for (; left > 100; --left) {
    trial.saw(Stream::silence, Side::control, {left, left});
    trial.saw(Stream::silence, Side::treated, {left, left - 1});
  }
  CHECK_FALSE(trial.harmful({}));
  for (; left > 80; --left) trial.saw(Stream::silence, Side::treated, {left, 100});
  CHECK_FALSE(trial.harmful({}));
}

TEST_CASE("a few canaries are enough when what meets them meets nobody else") {
  Trial trial(declared);
  trial.saw(Stream::silence, Side::treated, {100, 9'900});
  CHECK_FALSE(trial.harmful({}));
  trial.saw(Stream::silence, Side::treated, {99, 9'900});
  trial.saw(Stream::silence, Side::treated, {98, 9'900});
  CHECK(trial.harmful({100, 1}));
  Trial::Sides sides{};
  sides[static_cast<std::size_t>(Stream::silence)] = {Exposure{9'900, 1e4}, Exposure{100, 50}};
  const auto verdict = trial.judge({100, 1}, sides);
  CHECK(verdict.answer == Verdict::Answer::harm);
  CHECK(mentions(verdict.words, "silence: 3 of 100 with the release, 0 of 9,900 that wait for it"));
  CHECK(verdict.harm >= verdict.needed);
}

TEST_CASE("without a control there is no evidence from events") {
  Trial trial(declared);
  for (std::size_t left = 500; left > 0; --left)
    trial.saw(Stream::restarts, Side::treated, {left, 0});
  CHECK_FALSE(trial.harmful({}));
  CHECK(trial.weighed(Stream::restarts).treated == 500);
}

TEST_CASE("what was weighed is taken up again to the bit") {
  Trial one(declared), other(declared);
  for (std::size_t left = 50; left > 45; --left)
    one.saw(Stream::alerts, Side::treated, {left, 1'000});
  other.restore(Stream::alerts, one.weighed(Stream::alerts));
  CHECK(other.weighed(Stream::alerts) == one.weighed(Stream::alerts));
  CHECK(other.harmful({}) == one.harmful({}));
  CHECK(other.judge({}, {}).harm == one.judge({}, {}).harm);
}

TEST_CASE("a gate that declares nonsense is refused with the field") {
  const auto field = [](const Gate& gate) {
    const auto checked = check_gate(gate);
    return checked ? std::string() : checked.error().field;
  };
  CHECK(field({}) == "");
  CHECK(field({.false_halt_permille = 0}) == "/gate/false_halt_permille");
  CHECK(field({.miss_permille = 501}) == "/gate/miss_permille");
  CHECK(field({.usual_failures_permille = -1}) == "/gate/usual_failures_permille");
  CHECK(field({.harm_permille = 0}) == "/gate/harm_permille");
  CHECK(field({.control_permille = 501}) == "/gate/control_permille");
  CHECK(field({.silence = 9s}) == "/gate/silence_s");
  CHECK(field({.patience = -1s}) == "/gate/patience_s");
  CHECK(field({.watched = {}}) == "/gate/streams");
  CHECK(field({.watched = {Stream::health, Stream::health}}) == "/gate/streams");
}
