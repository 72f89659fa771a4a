#include "agent/renewal.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::agent;

namespace {

const Instant made = instant(1'800'000'000'000);

// A device that is held to two clocks: the wall's, which may be set, and the one that only goes on.
struct Device {
  explicit Device(Duration of_life, const char* its = "a certificate")
      : life(of_life), certificate(its) {}
  void hold(bool renewed, Instant from = made) {
    renewal.hold(certificate, from, from + life, renewed, wall, passed_ns);
  }
  void pass(Duration d) {
    wall += d;
    passed_ns += std::chrono::nanoseconds(d).count();
  }
  bool due() const { return renewal.left(wall, passed_ns) <= 0ms; }
  Duration left() const { return renewal.left(wall, passed_ns); }

  Duration life;
  std::string certificate;
  Renewal renewal;
  Instant wall = made;
  std::int64_t passed_ns = 5'000'000'000;
};

}  // namespace

TEST_CASE("a certificate is due at two thirds of its life, and not all of a fleet's at once") {
  Device one(30 * 24h), other(30 * 24h, "another");
  one.hold(false);
  other.hold(false);
  CHECK(one.left() >= 20 * 24h);
  CHECK(one.left() <= 20 * 24h + 60h);
  CHECK(one.left() != other.left());
  one.pass(20 * 24h - 1s);
  CHECK_FALSE(one.due());
  one.pass(60h + 1s);
  CHECK(one.due());
}

TEST_CASE("a clock that is set back by a day makes no renewal late") {
  for (const Duration life : {Duration(12h), Duration(48h), Duration(30 * 24h)}) {
    Device device(life);
    device.hold(false);
    device.pass(life / 3);
    device.wall -= 24h;
    device.pass(life / 3 + life / 12 + 1s);
    CHECK(device.due());
  }
}

TEST_CASE("a device that was a day behind when it got its certificate renews it in time") {
  Device device(12h);
  device.wall -= 24h;
  device.hold(false);
  device.pass(9h + 1s);
  CHECK(device.due());
}

TEST_CASE("a clock that is set a day ahead costs one early renewal and no storm") {
  Device device(12h);
  device.hold(false);
  device.pass(1h);
  device.wall += 24h;
  CHECK(device.due());
  device.hold(true, made + 1h);  // renewed, by the right time
  CHECK_FALSE(device.due());
  device.pass(4h - 1s);
  CHECK_FALSE(device.due());
  device.pass(1s);
  CHECK(device.due());  // a third of its life: still twice as long ahead
}

TEST_CASE("a day ahead or behind changes little for a certificate that lives a month") {
  for (const Duration jump : {Duration(24h), Duration(-24h)}) {
    Device device(30 * 24h);
    device.hold(false);
    device.pass(10 * 24h);
    const Duration before = device.left();
    device.wall += jump;
    CHECK_FALSE(device.due());
    CHECK(device.left() <= before);
    CHECK(device.left() >= before - 24h);
  }
}
