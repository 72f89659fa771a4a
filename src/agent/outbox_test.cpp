#include "agent/outbox.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "wire/senml.h"

using namespace muster;
using namespace muster::agent;

namespace {

const std::vector<Metric> metrics = {{"voltage", "V"}, {"power", "W"}};
const Instant start = instant(1'700'000'000'000);

Reading reading(int second) {
  return {start + second * 1s, {230.0, static_cast<double>(second)}};
}

std::size_t records_in(const std::string& pack) {
  wire::SenmlReader reader;
  return expect(reader.read(bytes_of(pack), millis(start))).size();
}

}  // namespace

TEST_CASE("a reading leaves at once, with its own time, and stays until it is acknowledged") {
  Outbox outbox(100, 1s);
  outbox.add(reading(1));
  const auto message = outbox.next(metrics, start + 5s);
  REQUIRE(message);
  wire::SenmlReader reader;
  const auto records = expect(reader.read(bytes_of(message->text), millis(start + 5s)));
  REQUIRE(records.size() == 2);
  CHECK(records[0].name == "voltage");
  CHECK(records[0].unit == "V");
  CHECK(records[0].time == millis(start + 1s));
  CHECK(outbox.size() == 1);
  CHECK_FALSE(outbox.next(metrics, start + 5s));
  outbox.acknowledged(message->number);
  CHECK(outbox.size() == 0);
}

TEST_CASE("what was in flight when the line went is sent again") {
  Outbox outbox(100, 1s);
  outbox.add(reading(1));
  const auto first = outbox.next(metrics, start);
  outbox.disconnected();
  const auto again = outbox.next(metrics, start + 1s);
  REQUIRE(again);
  CHECK(again->text == first->text);
}

TEST_CASE("beyond its bound the oldest readings go, and are counted") {
  Outbox outbox(10, 1s);
  for (int i = 0; i < 25; ++i) outbox.add(reading(i));
  CHECK(outbox.size() == 10);
  CHECK(outbox.dropped() == 15);
  wire::SenmlReader reader;
  const auto message = outbox.next(metrics, start);
  CHECK(expect(reader.read(bytes_of(message->text), millis(start)))[0].time == millis(start + 15s));
}

TEST_CASE("a backlog is packed, and leaves at a pace that is no flood") {
  Outbox outbox(1'000, 1s);
  for (int i = 0; i < 400; ++i) outbox.add(reading(i));
  int at_once = 0;
  while (auto message = outbox.next(metrics, start + 400s)) {
    CHECK(records_in(message->text) == 8);
    outbox.acknowledged(message->number);
    ++at_once;
  }
  CHECK(at_once <= 32);
  int in_ten_seconds = 0;
  for (int second = 1; second <= 10; ++second)
    while (auto message = outbox.next(metrics, start + 400s + second * 1s)) {
      outbox.acknowledged(message->number);
      ++in_ten_seconds;
    }
  CHECK(in_ten_seconds == 40);
}

TEST_CASE("gaps in a reading are left out") {
  Outbox outbox(10, 1s);
  outbox.add({start, {NAN, 5}});
  CHECK(records_in(outbox.next(metrics, start)->text) == 1);
}
