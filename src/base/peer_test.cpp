#include "base/peer.h"

#include <catch2/catch.hpp>

using namespace muster;

TEST_CASE("an address loses its port, and only that") {
  CHECK(host_of("192.0.2.1:4000") == "192.0.2.1");
  CHECK(host_of("[2001:db8::1]:4000") == "[2001:db8::1]");
  CHECK(host_of("gate.example:8883") == "gate.example");
  for (const char* without :
       {"192.0.2.1", "2001:db8::1", "::1", "[2001:db8::1]", "gate:", "", ":", "gate:door"})
    CHECK(host_of(without) == without);
}
