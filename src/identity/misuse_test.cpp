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
