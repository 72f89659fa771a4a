#include "agent/readings.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "agent/outbox.h"
#include "wire/senml.h"

using namespace muster;
using namespace muster::agent;

namespace {

const Instant morning = instant(1'700'000'000'000);

std::vector<double> many(Readings& readings, int count) {
  std::vector<double> all, row;
  for (int i = 0; i < count; ++i) {
    readings.next(morning + i * 1s, row);
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

}  // namespace

TEST_CASE("columns of a CSV become metrics, but for date and time") {
  const auto table =
      expect(CsvTable::parse("\"date\",\"time\",\"power\",\"room temp\"\r\n"
                             "\"1/2/2007\",\"00:00:00\",0.326,21\r\n"
                             "\"1/2/2007\",\"00:01:00\",?,\r\n"));
  REQUIRE(table.metrics().size() == 2);
  CHECK(table.metrics()[0].name == "power");
  CHECK(table.metrics()[1].name == "room_temp");
  REQUIRE(table.rows() == 2);
  CHECK(table.row(0)[0] == 0.326);
  CHECK(table.row(0)[1] == 21);
  CHECK(std::isnan(table.row(1)[0]));
  CHECK(std::isnan(table.row(1)[1]));
}

TEST_CASE("every column becomes a name that SenML allows") {
  const auto table = expect(CsvTable::parse("(V),-,2nd," + std::string(300, 'x') + "\n1,2,3,4\n"));
  REQUIRE(table.metrics().size() == 4);
  CHECK(table.metrics()[0].name == "column_V_");
  CHECK(table.metrics()[1].name == "column-");
  CHECK(table.metrics()[2].name == "2nd");
  CHECK(table.metrics()[3].name == std::string(128, 'x'));
  CsvReadings readings(table, 1);
  Outbox outbox(10, 1s);
  Reading reading{morning, {}};
  readings.next(morning, reading.values);
  outbox.add(reading);
  const auto message = outbox.next(table.metrics(), morning);
  REQUIRE(message);
  CHECK(expect(wire::SenmlReader().read(bytes_of(message->text), millis(morning))).size() == 4);
}

TEST_CASE("a CSV without values is refused") {
  CHECK_FALSE(CsvTable::parse(""));
  CHECK_FALSE(CsvTable::parse("date,time\n1,2\n"));
  CHECK_FALSE(CsvTable::parse("power\n"));
}

TEST_CASE("each device replays the file from a place of its own, round and round") {
  std::string text = "n\n";
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + "\n";
  const auto table = expect(CsvTable::parse(text));
  CsvReadings one(table, 1), same(table, 1), other(table, 2);
  const auto values = many(one, 1500);
  CHECK(values == many(same, 1500));
  CHECK(values[0] != many(other, 1)[0]);
  CHECK(values[0] == values[1000]);
  for (std::size_t i = 1; i < 1000; ++i) CHECK(values[i] == std::fmod(values[i - 1] + 1, 1000));
}

TEST_CASE("the same seed gives the same household, and another seed another one") {
  MeterReadings one(7), same(7), other(8);
  const auto values = many(one, 500);
  CHECK(values == many(same, 500));
  CHECK(values != many(other, 500));
}

TEST_CASE("a household stays in its bounds and its register only rises") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    MeterReadings meter(seed);
    std::vector<double> row;
    double energy = 0;
    for (int i = 0; i < 5'000; ++i) {
      meter.next(morning + i * 10s, row);
      REQUIRE(row.size() == meter.metrics().size());
      CHECK((row[0] > 215 && row[0] < 245));
      CHECK((row[1] > 0 && row[1] < 10'000));
      CHECK(row[3] >= energy);
      energy = row[3];
    }
  }
}

TEST_CASE("the machine reports its own state") {
  SystemReadings system;
  std::vector<double> row;
  system.next(morning, row);
  REQUIRE(row.size() == 3);
  CHECK(row[1] > 0);
}
