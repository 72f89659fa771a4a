#include "wire/topic.h"

#include <catch2/catch.hpp>
#include <string>

using namespace muster::wire::mqtt;

TEST_CASE("a topic name has at least one character and no wildcard") {
  for (const char* good : {"a", "/", "sport/tennis", "$SYS/x", "v1/devices/meter-1/telemetry",
                           "Accounts payable", "caf\xc3\xa9"})
    CHECK(is_topic(good));
  CHECK_FALSE(is_topic(""));
  CHECK_FALSE(is_topic("a/+"));
  CHECK_FALSE(is_topic("sport/tennis/#"));
  CHECK_FALSE(is_topic("0123456789abcde+"));
  CHECK_FALSE(is_topic(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_topic("caf\xc3"));
  CHECK(is_topic(std::string(65535, 'x')));
  CHECK_FALSE(is_topic(std::string(65536, 'x')));
}

TEST_CASE("a wildcard stands alone in its level, and # in the last") {
  for (const char* good : {"#", "+", "/", "sport/tennis/player1/#", "sport/#", "+/tennis/#",
                           "sport/+/player1", "+/+", "/+", "$SYS/#", "$share/consumer1/sport/+"})
    CHECK(is_filter(good));
  for (const char* bad : {"", "sport/tennis#", "sport/tennis/#/ranking", "sport+", "+a", "a/+b/c",
                          "##", "#/a", "$share/", "$share//a", "$share/a+/b", "$share/g",
                          "$share/g/", "$share/#/b", "$share/g/a#"})
    CHECK_FALSE(is_filter(bad));
  CHECK(fault_of_filter("sport+") == std::string("has a + that is not alone in its level "
                                                 "[MQTT-4.7.1-2]"));
}

TEST_CASE("filters match as the specification's examples say") {
  CHECK(matches("sport/tennis/player1/#", "sport/tennis/player1"));
  CHECK(matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
  CHECK(matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
  CHECK(matches("sport/#", "sport"));
  CHECK(matches("#", "anything/at/all"));
  CHECK(matches("sport/tennis/+", "sport/tennis/player1"));
  CHECK_FALSE(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  CHECK_FALSE(matches("sport/+", "sport"));
  CHECK(matches("sport/+", "sport/"));
  CHECK(matches("+/+", "/finance"));
  CHECK(matches("/+", "/finance"));
  CHECK_FALSE(matches("+", "/finance"));
  CHECK_FALSE(matches("ACCOUNTS", "Accounts"));
  CHECK_FALSE(matches("a/b", "a/b/c"));
  CHECK_FALSE(matches("a/b/c", "a/b"));
  CHECK(matches("a//b", "a//b"));
}

TEST_CASE("a leading wildcard does not reach topics that begin with a dollar sign") {
  CHECK_FALSE(matches("#", "$SYS/broker"));
  CHECK_FALSE(matches("+/monitor/Clients", "$SYS/monitor/Clients"));
  CHECK(matches("$SYS/#", "$SYS/broker"));
  CHECK(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
}

TEST_CASE("a shared filter falls into its group and its filter") {
  auto shared = shared_filter("$share/workers/a/+/c");
  REQUIRE(shared);
  CHECK(shared->group == "workers");
  CHECK(shared->filter == "a/+/c");
  CHECK_FALSE(shared_filter("a/b"));
}
