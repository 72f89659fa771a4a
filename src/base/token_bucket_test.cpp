#include "base/token_bucket.h"

#include <catch2/catch.hpp>

using namespace muster;

namespace {
constexpr std::int64_t second = 1'000'000'000;
}

TEST_CASE("a bucket lets its burst pass at once, and its rate in the long run") {
  TokenBucket bucket({.per_second = 2, .burst = 3}, second);
  for (int i = 0; i < 3; ++i) CHECK(bucket.take(second));
  CHECK_FALSE(bucket.take(second));
  CHECK(bucket.wait() == 500ms);
  CHECK(bucket.take(second + second / 2));
  CHECK_FALSE(bucket.take(second + second / 2));
  CHECK_FALSE(bucket.is_full(2 * second));
  CHECK(bucket.is_full(3 * second));
}

TEST_CASE("a clock that goes back gives nothing for that, and goes on from there") {
  TokenBucket bucket({.per_second = 1, .burst = 1}, 10 * second);
  CHECK(bucket.take(10 * second));
  CHECK_FALSE(bucket.take(2 * second));
  CHECK_FALSE(bucket.take(2 * second + second / 2));
  CHECK(bucket.take(3 * second));
}

TEST_CASE("a bucket without a rate is used up for good, and says to come back in a day") {
  TokenBucket bucket({.per_second = 0, .burst = 1}, second);
  CHECK(bucket.take(second));
  CHECK_FALSE(bucket.take(1'000'000 * second));
  CHECK(bucket.wait() == 24h);
}
