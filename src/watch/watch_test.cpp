#include "watch/watch.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "base/random.h"

namespace muster::watch {
namespace {

const Instant start = instant(1'790'000'000'000);

DeviceId device(const std::string& text) {
  return expect(DeviceId::parse(text));
}
const ModelId meter = expect(ModelId::parse("meter"));

ModelProfile meter_profile(Duration interval = 60s) {
  return {meter, interval, {{"voltage", 207, 253}, {"power", 0, 25}, {"energy", 0, {}}}};
}

// As telemetry does: what the watch has no place for is not watched.
void measure(Watch& watch, Slot slot, std::string_view name, Instant at, double value) {
  if (const auto metric = watch.metric(slot, name)) watch.reading(slot, *metric, at, value);
}

// A watch over one model, and hands for its devices.
struct Bench {
  explicit Bench(Duration interval = 60s, Settings settings = {})
      : watch(settings), every(interval) {
    watch.profile(meter_profile(interval));
  }
  Slot slot(const std::string& name) { return watch.slot(device(name), meter); }
  void healthy(Slot s, int windows, double voltage = 240) {
    for (int i = 0; i < windows; ++i) {
      now += every;
      watch.message(s, {now, 80, false});
      measure(watch, s, "voltage", now, voltage + i % 3);
      watch.tick(now);
    }
  }
  // Alike devices, so that the model has a baseline.
  std::vector<Slot> cohort(int size, int windows) {
    std::vector<Slot> out;
    for (int i = 0; i < size; ++i) out.push_back(slot("kin-" + std::to_string(i)));
    for (int w = 0; w < windows; ++w) all(out, 240 + w % 3);
    return out;
  }
  void all(const std::vector<Slot>& slots, double voltage) {
    now += every;
    for (Slot s : slots) {
      watch.message(s, {now, 80, false});
      measure(watch, s, "voltage", now, voltage + s % 4);
    }
  }
  std::vector<Finding> drift(Slot s, double voltage, int windows) {
    for (int i = 0; i < windows; ++i) {
      now += every;
      measure(watch, s, "voltage", now, voltage);
    }
    return watch.take();
  }

  Watch watch;
  Duration every;
  Instant now = start;
};

}  // namespace

TEST_CASE("a flood is high within its window, then critical, then told no more") {
  Bench b;
  Slot s = b.slot("meter-1");
  b.healthy(s, 20);
  REQUIRE(b.watch.take().empty());

  Instant began = b.now;
  std::vector<Finding> found;
  for (int i = 0; i < 5000; ++i) {
    b.watch.message(s, {b.now += 10ms, 80, false});
    for (Finding& f : b.watch.take()) found.push_back(std::move(f));
  }
  REQUIRE(found.size() == 2);
  CHECK(found[0].severity == Severity::high);
  CHECK(found[0].at - began < 1s);
  CHECK(found[1].severity == Severity::critical);
  CHECK(found[1].at - began < 1100ms);
  CHECK(found[1].feature == "message-rate");
  CHECK(found[1].device == device("meter-1"));
  CHECK(found[1].value > found[1].high);
  CHECK(found[1].words ==
        "meter-1 sent 97 messages within 960 ms; one is expected each 60 s, and even with buffered "
        "ones at most 64");
}

TEST_CASE("sixty buffered messages after a reconnect are no flood, nor is a replay at five times") {
  Bench b(1s);
  Slot s = b.slot("meter-1");
  b.watch.connected(s, true, b.now);
  for (int outage = 0; outage < 20; ++outage) {
    for (int i = 0; i < 60; ++i) b.watch.message(s, {b.now, 80, false});
    for (int i = 0; i < 150; ++i) b.watch.message(s, {b.now += 200ms, 80, false});
    b.watch.tick(b.now);
  }
  CHECK(b.watch.take().empty());
}

TEST_CASE("reconnecting again and again does not wash a flood clean") {
  Bench b(1s);
  Slot s = b.slot("meter-1");
  std::vector<Finding> found;
  for (int loop = 0; loop < 5; ++loop) {
    b.watch.connected(s, false, b.now);
    b.watch.connected(s, true, b.now += 1s);
    for (int i = 0; i < 60; ++i) b.watch.message(s, {b.now, 80, false});
  }
  found = b.watch.take();
  REQUIRE_FALSE(found.empty());
  CHECK(found[0].feature == "message-rate");
}

TEST_CASE("a rate a little above what is tolerated is high and never critical") {
  Bench b(1s);
  Slot s = b.slot("meter-1");
  for (int i = 0; i < 20'000; ++i) b.watch.message(s, {b.now += 60ms, 80, false});  // 16 a second
  auto found = b.watch.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].severity == Severity::high);
}

TEST_CASE("a second flood is told once the device has been normal") {
  Bench b(1s);
  Slot s = b.slot("meter-1");
  auto flood = [&] {
    for (int i = 0; i < 200; ++i) b.watch.message(s, {b.now += 5ms, 80, false});
    return b.watch.take();
  };
  CHECK(flood().size() == 2);
  CHECK(flood().empty());
  b.healthy(s, 30);
  CHECK(flood().size() == 2);
}

TEST_CASE("three readings in a row outside the declared range are high, a lone one is nothing") {
  Bench b;
  Slot s = b.slot("meter-1");
  b.healthy(s, 20);
  for (int i = 0; i < 10; ++i) {
    measure(b.watch, s, "voltage", b.now += 60s, 300);
    measure(b.watch, s, "voltage", b.now += 60s, 301);
    b.healthy(s, 1);
  }
  CHECK(b.watch.take().empty());

  for (int i = 0; i < 3; ++i) measure(b.watch, s, "voltage", b.now += 60s, 300);
  auto found = b.watch.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == "value-range");
  CHECK(found[0].metric == "voltage");
  CHECK(found[0].severity == Severity::high);
  CHECK(found[0].value == 300);
  CHECK(found[0].low == 207);
  CHECK(found[0].high == 253);
  CHECK(found[0].words ==
        "voltage of meter-1 is 300, 3 readings in a row outside its range: 207 to 253");

  SECTION("it rests while it stays as bad") {
    for (int i = 0; i < 100; ++i) measure(b.watch, s, "voltage", b.now += 60s, 301);
    CHECK(b.watch.take().empty());
  }
  SECTION("it speaks again when it is clearly worse") {
    measure(b.watch, s, "voltage", b.now += 60s, 2000);
    CHECK(b.watch.take().size() == 1);
  }
  SECTION("it speaks again after it has been normal") {
    b.healthy(s, 20);
    for (int i = 0; i < 3; ++i) measure(b.watch, s, "voltage", b.now += 60s, 300);
    CHECK(b.watch.take().size() == 1);
  }
  SECTION("a device that was patched starts anew") {
    b.watch.forget(s);
    for (int i = 0; i < 3; ++i) measure(b.watch, s, "voltage", b.now += 60s, 300);
    CHECK(b.watch.take().size() == 1);
  }
}

TEST_CASE("a reading that is no number counts as out of range") {
  Bench b;
  Slot s = b.slot("meter-1");
  for (int i = 0; i < 3; ++i) measure(b.watch, s, "mood", b.now += 60s, NAN);
  auto found = b.watch.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].words == "mood of meter-1 is nan, 3 readings in a row outside its range: numbers");
}

TEST_CASE("a changed profile counts from the next reading") {
  Bench b;
  Slot s = b.slot("meter-1");
  b.healthy(s, 5);
  b.watch.profile({meter, 60s, {{"voltage", 300, 500}}});
  b.healthy(s, 3);
  CHECK(b.watch.take().size() == 1);
  b.watch.profile({meter, 60s, {}});
  b.healthy(s, 30);
  CHECK(b.watch.take().empty());
}

TEST_CASE("a value that leaves the device's own band and stays out is a drift") {
  Bench b;
  Slot s = b.slot("meter-1");
  b.healthy(s, 40, 230);

  CHECK(b.drift(s, 250, 2).empty());
  b.healthy(s, 20, 230);
  auto found = b.drift(s, 250, 12);
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == "value-drift");
  CHECK(found[0].severity == Severity::moderate);
  CHECK(found[0].value == 250);
  CHECK(found[0].high < 250);
  CHECK(found[0].words.find("usual for this device is") != std::string::npos);
}

TEST_CASE("during warm-up a device alone has no band to leave") {
  Bench b;
  Slot s = b.slot("meter-1");
  for (int i = 0; i < 9; ++i) CHECK(b.drift(s, i % 2 == 0 ? 210 : 250, 1).empty());
}

TEST_CASE("what is usual for its model is no drift of the device") {
  Bench b;
  auto kin = b.cohort(10, 40);
  Slot low = b.slot("low");
  for (int i = 0; i < 20; ++i) b.drift(low, 240, 1);
  b.watch.take();
  CHECK(b.drift(low, 243, 30).empty());
}

TEST_CASE("a change of all devices at once is no drift of any") {
  Bench b;
  auto kin = b.cohort(40, 60);
  REQUIRE(b.watch.take().empty());
  for (int w = 0; w < 100; ++w) b.all(kin, 225);
  CHECK(b.watch.take().empty());
}

TEST_CASE("a creep that its own baseline follows is seen against its kind") {
  Bench b;
  std::vector<Slot> kin;
  for (int i = 0; i < 20; ++i) kin.push_back(b.slot("kin-" + std::to_string(i)));
  double creep = 0;
  std::vector<Finding> found;
  for (int w = 0; w < 1500 && found.empty(); ++w) {
    b.now += b.every;
    if (w > 100) creep += 0.05;
    for (Slot s : kin)
      measure(b.watch, s, "temperature", b.now, 40 + (w + s) % 5 + (s == kin[3] ? creep : 0));
    found = b.watch.take();
  }
  REQUIRE(found.size() == 1);
  CHECK(found[0].device == device("kin-3"));
  CHECK(found[0].words.find("usual for devices of model meter is") != std::string::npos);
}

TEST_CASE("an undeclared metric has a baseline too, and junk names are bounded") {
  Bench b;
  Slot s = b.slot("meter-1");
  for (int i = 0; i < 1000; ++i) measure(b.watch, s, "junk-" + std::to_string(i), b.now, i);
  Slot honest = b.slot("meter-2");
  for (int i = 0; i < 40; ++i)
    measure(b.watch, honest, "pressure", b.now += 60s, 5 + 0.01 * (i % 2));
  for (int i = 0; i < 12; ++i) measure(b.watch, honest, "pressure", b.now += 60s, 9);
  auto found = b.watch.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].metric == "pressure");
}

TEST_CASE("silence of a connected device is low, later moderate, and ends with a message") {
  Bench b(1s);
  Slot s = b.slot("meter-1");
  b.watch.connected(s, true, b.now);
  b.healthy(s, 20);
  Instant last = b.now;
  std::vector<Finding> found;
  for (int i = 0; i < 200; ++i) {
    b.watch.tick(b.now += 250ms);
    for (Finding& f : b.watch.take()) found.push_back(std::move(f));
  }
  REQUIRE(found.size() == 2);
  CHECK(found[0].feature == "silence");
  CHECK(found[0].severity == Severity::low);
  CHECK(found[0].at - last >= 5s);
  CHECK(found[0].at - last <= 6s);
  CHECK(found[0].words ==
        "meter-1 is connected but has sent nothing for 5 s; a message is expected each 1 s");
  CHECK(found[1].severity == Severity::moderate);
  CHECK(found[1].at - last >= 15s);

  b.healthy(s, 20);
  b.watch.tick(b.now += 7s);
  CHECK(b.watch.take().size() == 1);
}

TEST_CASE("silence of a device that is away is not its fault") {
  Bench b(1s);
  Slot s = b.slot("meter-1");
  b.watch.connected(s, true, b.now);
  b.healthy(s, 3);
  b.watch.connected(s, false, b.now);
  b.watch.tick(b.now += 24h);
  CHECK(b.watch.take().empty());
  b.watch.connected(s, true, b.now);
  b.watch.tick(b.now += 2s);
  CHECK(b.watch.take().empty());
}

TEST_CASE("five refused topics in a window are high, four are not") {
  Bench b;
  Slot s = b.slot("meter-1");
  for (int window = 0; window < 5; ++window) {
    for (int i = 0; i < 4; ++i) b.watch.message(s, {b.now, 80, true});
    b.healthy(s, 1);
  }
  CHECK(b.watch.take().empty());
  for (int i = 0; i < 5; ++i) b.watch.message(s, {b.now += 1s, 80, true});
  auto found = b.watch.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == "topic-refusals");
  CHECK(found[0].severity == Severity::high);
  CHECK(found[0].value == 5);
  CHECK(found[0].words == "meter-1 tried 5 times within 60 s to use topics that are not its own");
}

TEST_CASE("messages far above the usual size, three in a row, are told; very large ones are high") {
  Bench b;
  Slot s = b.slot("meter-1");
  b.healthy(s, 60);
  auto send = [&](int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) b.watch.message(s, {b.now += b.every, bytes, false});
    return b.watch.take();
  };
  CHECK(send(2, 4000).empty());
  CHECK(send(5, 80).empty());
  auto found = send(3, 4000);
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == "message-size");
  CHECK(found[0].severity == Severity::moderate);
  CHECK(found[0].value == 4000);
  CHECK(send(20, 4000).empty());
  found = send(1, 200'000);
  REQUIRE(found.size() == 1);
  CHECK(found[0].severity == Severity::high);
}

TEST_CASE("a new device is measured by the size that is usual for its model") {
  Bench b;
  Slot old = b.slot("old");
  b.healthy(old, 60);
  Slot fresh = b.slot("fresh");
  for (int i = 0; i < 3; ++i) b.watch.message(fresh, {b.now += b.every, 50'000, false});
  CHECK(b.watch.take().size() == 1);
}

TEST_CASE("a reading dated in another century does not stop its baseline") {
  Bench b;
  Slot s = b.slot("meter-1");
  b.healthy(s, 20, 230);
  measure(b.watch, s, "voltage", instant(INT64_MAX), 231);
  measure(b.watch, s, "voltage", instant(INT64_MIN), 231);
  b.healthy(s, 20, 230);
  CHECK(b.watch.take().empty());
  CHECK(b.drift(s, 250, 12).size() == 1);
}

namespace {

// A household: a base load, a fridge, a kettle, an oven, now and then a car; voltage that wanders
// between 230 and 250 V and falls under load; a register that only rises.
class Household {
 public:
  explicit Household(std::uint64_t seed) : random_(seed), base_(0.1 + 0.3 * random_.unit()) {}

  void minute(int at) {
    int of_day = at % 1440;
    bool awake = of_day > 360 && of_day < 1380;
    if (kettle_ > 0) --kettle_;
    if (oven_ > 0) --oven_;
    if (car_ > 0) --car_;
    if (awake && random_.below(90) == 0) kettle_ = 3;
    if (of_day > 1020 && of_day < 1200 && random_.below(150) == 0) oven_ = 45;
    if (of_day > 1080 && car_ == 0 && random_.below(900) == 0) car_ = 180;
    double fridge = at / 17 % 3 == 0 ? 0.12 : 0;
    double oven = oven_ > 0 && oven_ % 5 < 3 ? 2.8 : 0;
    power = base_ + fridge + oven + (kettle_ > 0 ? 2.2 : 0) + (car_ > 0 ? 7.2 : 0) +
            (awake ? 0.4 * random_.unit() : 0.02 * random_.unit());
    power = std::min(power, 10.0);
    level_ = std::clamp(level_ + (random_.unit() - 0.5), 230.0, 250.0);
    voltage = std::max(230.0, level_ - power * 0.2);
    energy += power / 60;
  }
  double power = 0, voltage = 240, energy = 1200;

 private:
  SeededRandom random_;
  double base_, level_ = 240;
  int kettle_ = 0, oven_ = 0, car_ = 0;
};

std::vector<Finding> live(int households, int days, std::uint64_t seed) {
  Bench b;
  SeededRandom random(seed);
  std::vector<Household> homes;
  std::vector<Slot> slots;
  std::vector<int> owed(static_cast<std::size_t>(households));
  for (int h = 0; h < households; ++h) {
    homes.emplace_back(seed * 1000 + static_cast<std::uint64_t>(h));
    slots.push_back(b.slot("home-" + std::to_string(h)));
    b.watch.connected(slots.back(), true, b.now);
  }
  for (int minute = 0; minute < days * 1440; ++minute) {
    b.now += 60s;
    for (std::size_t h = 0; h < homes.size(); ++h) {
      homes[h].minute(minute);
      if (owed[h] > 0 && ++owed[h] <= 60) continue;  // away; it buffers, then delivers at once
      if (owed[h] == 0 && random.below(2000) == 0) owed[h] = 1;
      for (; owed[h] > 1; --owed[h]) b.watch.message(slots[h], {b.now, 80, false});
      b.watch.connected(slots[h], owed[h] == 0, b.now);
      Instant at = b.now + Duration(random.below(3000));
      b.watch.message(slots[h], {at, minute % 1440 == 0 ? 3000U : 80U, random.below(500) == 0});
      measure(b.watch, slots[h], "voltage", at, homes[h].voltage);
      measure(b.watch, slots[h], "power", at, homes[h].power);
      measure(b.watch, slots[h], "energy", at, homes[h].energy);
    }
    b.watch.tick(b.now);
  }
  return b.watch.take();
}

}  // namespace

TEST_CASE("a street of honest households with spiky loads is left alone for a week") {
  auto found = live(20, 7, 7);
  for (const Finding& f : found) {
    INFO(f.words);
    CHECK(f.severity < Severity::high);
  }
  CHECK(found.size() <= 1);
}

TEST_CASE("a household alone, without a kind, gives nothing high for ten days") {
  std::size_t lesser = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    for (const Finding& f : live(1, 10, seed)) {
      INFO(f.words);
      CHECK(f.severity < Severity::high);
      ++lesser;
    }
  CHECK(lesser <= 5);  // in a hundred days
}

TEST_CASE("the same street gives the same findings") {
  auto once = live(5, 3, 11), again = live(5, 3, 11);
  REQUIRE(once.size() == again.size());
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(once[i].words == again[i].words);
}

}  // namespace muster::watch
