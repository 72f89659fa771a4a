#include "base/refusal_meter.h"

#include <catch2/catch.hpp>

using namespace muster;

namespace {
constexpr Instant noon = Instant(Duration(1'000'000'000'000));
}

TEST_CASE("a flood under one key is so many entries a minute, and then a count of the others") {
  RefusalMeter meter({.of_one_key = 2, .of_all_keys = 60});
  CHECK(meter.admit("m-1", noon) == 0);
  CHECK(meter.admit("m-1", noon + 1s) == 0);
  for (int i = 0; i < 7; ++i) CHECK_FALSE(meter.admit("m-1", noon + 59s));
  CHECK(meter.admit("m-2", noon + 59s) == 0);
  CHECK(meter.admit("m-1", noon + 60s) == 7);
  CHECK(meter.admit("m-1", noon + 61s) == 0);
}

TEST_CASE("all keys together have a limit of their own") {
  RefusalMeter meter({.of_one_key = 5, .of_all_keys = 3});
  for (const char* key : {"a", "b", "c"}) CHECK(meter.admit(key, noon) == 0);
  CHECK_FALSE(meter.admit("d", noon));
  CHECK(meter.admit("d", noon + 1min) == 1);
}

TEST_CASE("a clock that was set back opens a new minute rather than none for hours") {
  RefusalMeter meter({.of_one_key = 1, .of_all_keys = 60});
  CHECK(meter.admit("m-1", noon));
  CHECK_FALSE(meter.admit("m-1", noon));
  CHECK(meter.admit("m-1", noon - 1h));
}

TEST_CASE("what was left out under a key that is forgotten is still counted") {
  RefusalMeter meter({.of_one_key = 1, .of_all_keys = 1});
  CHECK(meter.admit("first", noon) == 0);
  for (int i = 0; i < 20'000; ++i) CHECK_FALSE(meter.admit("peer " + std::to_string(i), noon));
  std::uint64_t told = 0;
  for (int minute = 1; minute < 5; ++minute)
    told += meter.admit("last " + std::to_string(minute), noon + minute * 1min).value_or(0);
  CHECK(told + meter.admit("*", noon + 10min).value_or(0) == 20'000);
}
