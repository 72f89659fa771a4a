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

TEST_CASE("a reading of 1970 is dropped and counted, and takes no other along") {
  Outbox outbox(10, 1s);
  outbox.add(reading(1));
  outbox.add({instant(1'000), {230, 5}});
  outbox.add(reading(3));
  std::size_t sent = 0;
  while (const auto message = outbox.next(metrics, start + 5s)) sent += records_in(message->text);
  CHECK(sent == 4);
  CHECK(outbox.dropped() == 1);
  CHECK(outbox.size() == 2);
}

TEST_CASE("a metric that has no SenML name costs readings, and each of them is counted") {
  Outbox outbox(100, 1s);
  for (int n = 1; n <= 6; ++n) outbox.add(reading(n));
  CHECK_FALSE(outbox.next({{"voltage", "V"}, {"_V_", "V"}}, start + 9s));
  CHECK(outbox.dropped() == 6);
  CHECK(outbox.size() == 0);
}

TEST_CASE(
    "readings go to a disk's octets and back, the newest that fit, and nothing that is cut off") {
  std::vector<Reading> all;
  for (int n = 0; n < 10; ++n) all.push_back(reading(n));
  all[3].values[0] = std::nan("");
  const auto octets = to_octets(all, 1'000'000);
  const auto back = expect(readings_of(octets));
  REQUIRE(back.size() == 10);
  CHECK(back[7].at == all[7].at);
  CHECK(back[7].values == all[7].values);
  CHECK(std::isnan(back[3].values[0]));
  const auto newest = expect(readings_of(to_octets(all, 100)));
  CHECK(newest.size() == 3);
  CHECK(newest.back().at == all.back().at);
  for (std::size_t size = 1; size < 32; ++size) CHECK(!readings_of(ByteView(octets).first(size)));
  Bytes huge(16, 0xff);
  CHECK(!readings_of(huge));
  CHECK(expect(readings_of({})).empty());
}

TEST_CASE("what is in flight counts among the readings that wait") {
  Outbox outbox(100, 1s);
  for (int n = 1; n <= 6; ++n) outbox.add(reading(n));
  REQUIRE(outbox.next(metrics, start + 9s));
  const auto waiting = outbox.readings();
  REQUIRE(waiting.size() == 6);
  CHECK(waiting.front().at == start + 1s);
  CHECK(*outbox.oldest() == start + 1s);
  CHECK(!Outbox(1, 1s).oldest());
}
