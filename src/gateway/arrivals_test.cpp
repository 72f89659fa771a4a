#include <catch2/catch.hpp>

#include "gateway/internal/arrivals.h"

using muster::gateway::Arrivals;

namespace {
constexpr std::int64_t second = 1'000'000'000;
}

TEST_CASE("an address may ask as often as its bucket holds, and again when that has filled up") {
  Arrivals arrivals({.per_second = 2, .burst = 3});
  std::int64_t now = second;
  for (int i = 0; i < 3; ++i) CHECK(arrivals.admit("192.0.2.1:1" + std::to_string(i), now));
  CHECK_FALSE(arrivals.admit("192.0.2.1:9", now));
  CHECK(arrivals.admit("192.0.2.2:9", now));
  now += second / 2;
  CHECK(arrivals.admit("192.0.2.1:9", now));
  CHECK_FALSE(arrivals.admit("192.0.2.1:9", now));
}

TEST_CASE("an IPv6 address is one, whatever its port") {
  Arrivals arrivals({.per_second = 1, .burst = 1});
  CHECK(arrivals.admit("[2001:db8::1]:4000", second));
  CHECK_FALSE(arrivals.admit("[2001:db8::1]:4001", second));
  CHECK(arrivals.admit("[2001:db8::2]:4001", second));
}

TEST_CASE("a flood from many addresses costs no memory, and shuts out nobody who was there") {
  Arrivals arrivals({.per_second = 1, .burst = 2});
  CHECK(arrivals.admit("early:1", second));
  for (std::size_t i = 0; i < 3 * Arrivals::addresses_max; ++i)
    arrivals.admit("host" + std::to_string(i) + ":1", second);
  CHECK(arrivals.addresses() <= Arrivals::addresses_max);
  CHECK(arrivals.admit("early:1", second));
  CHECK_FALSE(arrivals.admit("late:1", second));
  CHECK(arrivals.admit("late:1", 10 * second));  // the others' buckets are full again: forgotten
}
