#include <catch2/catch.hpp>

#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;

namespace {

struct Watched : World {
  Watched() {
    identity->on_suspicion([this](const Suspicion& s) { seen.push_back(s); });
  }
  void take_over(const std::string& from, const std::string& to, Duration later = 10s) {
    clock.pass(later);
    identity->taken_over(device_id("m-1"), from + ":1000", to + ":2000");
  }
  std::vector<Suspicion> seen;
};

}  // namespace

TEST_CASE("two clients that take one session from each other to and fro are one identity shared") {
  Watched w;
  w.enrolled("m-1");
  w.take_over("192.0.2.1", "192.0.2.2");
  w.take_over("192.0.2.2", "192.0.2.1");
  CHECK(w.seen.empty());
  w.take_over("192.0.2.1", "192.0.2.2");
  REQUIRE(w.seen.size() == 1);
  CHECK(w.seen[0].kind == "identity-shared");
  CHECK(w.seen[0].device == device_id("m-1"));
  CHECK(w.seen[0].words.find("192.0.2.1 and 192.0.2.2") != std::string::npos);
  CHECK(w.seen[0].at == w.clock.now());
}

TEST_CASE("a client that comes back after its link was lost is not suspicious") {
  Watched w;
  w.enrolled("m-1");
  for (int i = 0; i < 10; ++i) w.take_over("192.0.2.1", "192.0.2.1");
  for (int i = 0; i < 10; ++i) {  // and now and then it has another address
    w.take_over("192.0.2.1", "192.0.2.2", 61s);
    w.take_over("192.0.2.2", "192.0.2.1", 61s);
  }
  w.clock.pass(5min);
  for (int i = 0; i < 10; ++i)  // it roams, and comes back to none of its addresses
    w.take_over("192.0.2." + std::to_string(10 + i), "192.0.2." + std::to_string(11 + i));
  CHECK(w.seen.empty());
}

TEST_CASE("a superseded certificate is suspicious once its replacement was seen a while ago") {
  Watched w;
  const auto old = w.enrolled("m-1");
  const auto key = new_key();
  const auto next = crypto::sha256(expect(w.renew(w.renewal(old, key))));
  expect(w.identity->authenticate(next));
  CHECK_FALSE(w.identity->authenticate(old));  // its client has not heard yet
  CHECK(w.seen.empty());
  w.clock.pass(2min);
  CHECK_FALSE(w.identity->authenticate(old, false));  // no handshake
  CHECK(w.seen.empty());
  CHECK_FALSE(w.identity->authenticate(old));
  REQUIRE(w.seen.size() == 1);
  CHECK(w.seen[0].kind == "certificate-superseded");
}

TEST_CASE("the right token again, with another key and from elsewhere, is suspicious") {
  Watched w;
  const auto token = w.expect_device("m-1");
  const auto key = new_key(), other = new_key();
  expect(w.enrol(w.request("m-1", token, key)));
  auto again = w.request("m-1", token, other);
  CHECK_FALSE(w.enrol(again));  // from the same address: a device that lost its key
  CHECK(w.seen.empty());
  again.from = "198.51.100.9:4242";
  CHECK_FALSE(w.enrol(again));
  REQUIRE(w.seen.size() == 1);
  CHECK(w.seen[0].kind == "token-reused");
  auto wrong = w.request("m-1", "wrong", other);
  wrong.from = again.from;
  CHECK_FALSE(w.enrol(wrong));
  CHECK(w.seen.size() == 1);
}

TEST_CASE("one key under two names is refused, and both are suspicious") {
  Watched w;
  const auto token = w.expect_device("m-1"), second = w.expect_device("m-2");
  const auto key = new_key();
  expect(w.enrol(w.request("m-1", token, key)));
  CHECK_FALSE(w.enrol(w.request("m-2", second, key)));
  REQUIRE(w.seen.size() == 2);
  CHECK(w.seen[0].device == device_id("m-2"));
  CHECK(w.seen[1].device == device_id("m-1"));
  CHECK(w.seen[1].kind == "key-shared");
}

TEST_CASE("what a door refused is five entries a minute of each offender and kind, and a count") {
  World w;
  w.enrolled("m-1");
  const auto refuse = [&](const char* kind) {
    for (int i = 0; i < 100; ++i) w.identity->refused_at_door("m-1", kind, "v1/devices/m-2/state");
  };
  refuse("topic.refused");
  refuse("packet.malformed");
  CHECK(w.count("topic.refused") == 5);
  CHECK(w.count("packet.malformed") == 5);
  w.clock.pass(59s);
  refuse("topic.refused");
  CHECK(w.count("topic.refused") == 5);
  w.clock.pass(1s);
  w.identity->refused_at_door("m-1", "topic.refused", std::string(5'000, 'x'));
  const auto entry = w.last_entry().entry;
  CHECK(entry.target == "device/m-1");
  CHECK(entry.actor.role == "system");
  CHECK(entry.detail.find("cause")->text()->size() == 512);
  CHECK(*entry.detail.find("not_recorded")->integer() == 195);
}

TEST_CASE("a stranger at a door who comes from another port each time is still one offender") {
  World w;
  for (const std::string address : {"203.0.113.9", "[2001:db8::9]"})
    for (int port = 40'000; port < 40'200; ++port)
      w.identity->refused_at_door(address + ':' + std::to_string(port), "packet.malformed", "?");
  CHECK(w.count("packet.malformed") == 10);
  const auto entry = w.last_entry().entry;
  CHECK(entry.target == "nobody");
  CHECK(entry.detail.find("from")->text()->starts_with("[2001:db8::9]"));
}

TEST_CASE("an application's misuse is filed under its own name, also when that holds a colon") {
  World w;
  expect(w.identity->add_application({"billing:1", {"v1/devices/+/telemetry"}}, alice()));
  w.identity->refused_at_door("billing:1", "topic.refused", "outside its filters");
  CHECK(w.last_entry().entry.target == "application/billing:1");
}

TEST_CASE("offenders without number at a door neither fill the ledger nor silence enrolment") {
  World w;
  for (int i = 0; i < 10'500; ++i)
    w.identity->refused_at_door("peer-" + std::to_string(i), "packet.malformed", "no MQTT");
  CHECK(w.count("packet.malformed") == 60);
  CHECK_FALSE(w.enrol(w.request("nobody", "wrong", new_key())));
  CHECK(w.count("enrolment.refused") == 1);
}
