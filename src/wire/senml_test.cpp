#include "wire/senml.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace muster;
using namespace muster::wire;
using Catch::Contains;

namespace {

constexpr std::int64_t now = 1'790'000'000'000;

std::vector<SenmlRecord> read(SenmlReader& reader, std::string_view pack) {
  auto r = reader.read(bytes_of(pack), now);
  if (!r) FAIL(r.error().message);
  return {r->begin(), r->end()};
}

std::string why_not(std::string_view pack) {
  SenmlReader reader;
  auto r = reader.read(bytes_of(pack), now);
  REQUIRE_FALSE(r);
  CHECK(r.error().fault == Fault::invalid);
  return r.error().message;
}

}  // namespace

TEST_CASE("one measurement without a time is of now") {
  SenmlReader reader;
  auto r = read(reader, R"([{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}])");
  REQUIRE(r.size() == 1);
  CHECK(r[0].name == "urn:dev:ow:10e2073a01080063");
  CHECK(r[0].unit == "Cel");
  CHECK(r[0].time == now);
  CHECK(r[0].number() == 23.1);
}

TEST_CASE("the RFC's pack of several measurements is resolved with base name, time and unit") {
  SenmlReader reader;
  auto r = read(reader, R"([
    {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
     "n":"voltage","u":"V","v":120.1},
    {"n":"current","t":-5,"v":1.2},
    {"n":"current","t":-4,"v":1.3},
    {"n":"current","v":1.7}])");
  REQUIRE(r.size() == 4);
  CHECK(r[0].name == "urn:dev:ow:10e2073a0108006:voltage");
  CHECK(r[0].unit == "V");
  CHECK(r[0].time == 1'276'020'076'001);
  CHECK(r[1].name == "urn:dev:ow:10e2073a0108006:current");
  CHECK(r[1].unit == "A");
  CHECK(r[1].time == 1'276'020'071'001);
  CHECK(r[2].time == 1'276'020'072'001);
  CHECK(r[3].number() == 1.7);
}

TEST_CASE("times below 2^28 seconds are relative to now, others are not") {
  SenmlReader reader;
  auto r = read(reader, R"([{"n":"a","t":-10,"v":1},{"n":"a","t":268435455,"v":1},
                            {"n":"a","t":268435456,"v":1},{"bt":1790000000,"n":"a","t":0.5,"v":1}])");
  CHECK(r[0].time == now - 10'000);
  CHECK(r[1].time == now + 268'435'455'000);
  CHECK(r[2].time == 268'435'456'000);
  CHECK(r[3].time == 1'790'000'000'500);
}

TEST_CASE("base value and base sum are added, and hold for the records after") {
  SenmlReader reader;
  auto r = read(reader, R"([{"bn":"m:","bv":20,"bs":100,"n":"a","v":1.5,"s":5},{"n":"b"},
                            {"n":"c","vs":"x"},{"bv":0,"bn":"k:","n":"d","v":2}])");
  CHECK(r[0].number() == 21.5);
  CHECK(r[0].sum == 105.0);
  CHECK(r[1].number() == 20.0);
  CHECK(r[1].sum == 100.0);
  CHECK(std::get<std::string_view>(r[2].value) == "x");
  CHECK(r[3].name == "k:d");
  CHECK(r[3].number() == 2.0);
}

TEST_CASE("a record carries a number, a boolean, a text, data, or only a sum") {
  SenmlReader reader;
  auto r = read(reader, R"([{"bn":"x"},{"n":"a","vb":true},{"n":"b","vs":"Machine \u00e9"},
                            {"n":"c","vd":"aGkgCg"},{"n":"d","s":7}])");
  REQUIRE(r.size() == 4);
  CHECK(std::get<bool>(r[0].value));
  CHECK(r[0].number() == 1.0);
  CHECK(std::get<std::string_view>(r[1].value) == "Machine \xc3\xa9");
  CHECK_FALSE(r[1].number());
  CHECK(std::get<std::string_view>(r[2].value) == "aGkgCg");
  CHECK(r[2].is_data);
  CHECK(r[3].sum == 7.0);
  CHECK_FALSE(r[3].number());
  CHECK(read(reader, "[]").empty());
}

TEST_CASE("an unknown label is skipped, unless it must be understood") {
  SenmlReader reader;
  auto r = read(reader, R"([{"n":"a","v":1,"foo":{"deep":[1,2]},"ut":60,"\u0075":"V"}])");
  CHECK(r.at(0).unit == "V");
  CHECK(read(reader, R"([{"n":"a","v":1,"\u0000\u0000\u0000v":2}])").at(0).number() == 1.0);
  CHECK(why_not(R"([{"n":"a","v":1},{"n":"b","v":1,"foo_":2}])") ==
        "SenML record 2 has a label that must be understood, and is not [section 4.4]");
}

TEST_CASE("what is not a pack is refused with the record and the label") {
  CHECK(why_not("") == "SenML record 1 is not JSON");
  CHECK_THAT(why_not("{}"), Contains("is not in an array"));
  CHECK_THAT(why_not("[1]"), Contains("is not an object"));
  CHECK_THAT(why_not("[{\"n\":\"a\",\"v\":1}"), Contains("record"));
  CHECK_THAT(why_not("[{\"n\":\"a\",\"v\":1}] []"), Contains("is followed by more"));
  CHECK_THAT(why_not("[{\"n\":\"a\" \"v\":1}]"), Contains("is not JSON"));
  CHECK_THAT(why_not("[{\"n\":\"\xff\",\"v\":1}]"), Contains("is not JSON"));
  CHECK(why_not(R"([{"n":"a","v":"1"}])") == "SenML record 1: v must be a number");
  CHECK(why_not(R"([{"n":"a","v":01}])") == "SenML record 1: v must be a number");
  CHECK(why_not(R"([{"n":"a","v":1e999}])") == "SenML record 1: v must be a number");
  CHECK(why_not(R"([{"n":"a","v":null}])") == "SenML record 1: v must be a number");
  CHECK(why_not(R"([{"n":"a","vb":1}])") == "SenML record 1: vb must be true or false");
  CHECK(why_not(R"([{"n":"a","v":1},{"n":7,"v":1}])") == "SenML record 2: n must be a string");
  CHECK(why_not(R"([{"n":"a","n":"b","v":1}])") == "SenML record 1: n is there twice");
  CHECK_THAT(why_not(R"([{"n":"a","v":1,"vs":"x"}])"), Contains("more than one value"));
  CHECK_THAT(why_not(R"([{"n":"a","u":"V"}])"), Contains("neither a value nor a sum"));
  CHECK_THAT(why_not(R"([{"bver":11,"n":"a","v":1}])"), Contains("bver is newer than 10"));
  CHECK_THAT(why_not(R"([{"bver":0,"n":"a","v":1}])"), Contains("positive integer"));
  CHECK_THAT(why_not(R"([{"n":"a","t":1e300,"v":1}])"), Contains("t is after the year 9999"));
  CHECK_THAT(why_not(R"([{"bv":1.7e308,"n":"a","v":1.7e308}])"), Contains("out of range"));
}

TEST_CASE("a name has the RFC's characters, and a bound with its base") {
  for (const char* bad : {"", "/3/0", "a b", "caf\xc3\xa9", "-a", "a#"})
    CHECK(why_not("[{\"n\":\"" + std::string(bad) + "\",\"v\":1}]") ==
          "SenML record 1: n is not a name [section 4.5.1]");
  std::string half(64, 'a');
  SenmlReader reader;
  CHECK(read(reader, "[{\"bn\":\"" + half + "\",\"n\":\"" + half + "\",\"v\":1}]")[0].name.size() ==
        128);
  CHECK_THAT(why_not("[{\"bn\":\"" + half + "\",\"n\":\"a" + half + "\",\"v\":1}]"),
             Contains("over 128 bytes"));
}

TEST_CASE("records and bytes are bounded, and a full pack keeps every name") {
  std::string pack = "[{\"bn\":\"base:\"}";
  for (int i = 0; i < 1024; ++i) pack += ",{\"n\":\"" + std::to_string(i) + "\",\"v\":1}";
  SenmlReader reader;
  auto r = read(reader, pack + "]");
  REQUIRE(r.size() == 1024);
  CHECK(r[0].name == "base:0");
  CHECK(r[1023].name == "base:1023");
  CHECK_THAT(why_not(pack + ",{\"n\":\"x\",\"v\":1}]"), Contains("at most 1024"));
  CHECK_THAT(why_not("[" + std::string(senml_bytes_max, ' ') + "]"), Contains("128 KiB"));
  std::string bases = "[{}";
  for (int i = 0; i < 5000; ++i) bases += ",{}";
  CHECK_THAT(why_not(bases + "]"), Contains("one too many"));
}

TEST_CASE("a reader is ready again after a refusal") {
  SenmlReader reader;
  CHECK_FALSE(reader.read(bytes_of("[{\"n\":"), now));
  CHECK(read(reader, R"([{"n":"a","v":1}])").size() == 1);
  SenmlReader moved = std::move(reader);
  CHECK(read(moved, R"([{"n":"b","v":2}])")[0].name == "b");
}

TEST_CASE("what is written is read again") {
  std::vector<SenmlRecord> records{
      {.name = "m:voltage", .unit = "V", .time = now + 1, .value = 231.4},
      {.name = "m:on", .unit = {}, .time = now + 20, .value = true},
      {.name = "m:text", .unit = {}, .time = now, .value = std::string_view("\"quoted\"")},
      {.name = "m:energy", .unit = "J", .time = now + 300, .value = {}, .sum = 5.0}};
  std::string text = expect(senml_text(records, "m:"));
  CHECK(text == R"([{"bn":"m:","n":"voltage","u":"V","t":1790000000.001,"v":231.4},)"
                R"({"n":"on","t":1790000000.02,"vb":true},)"
                R"({"n":"text","t":1790000000,"vs":"\"quoted\""},)"
                R"({"n":"energy","u":"J","t":1790000000.3,"s":5}])");
  SenmlReader reader;
  CHECK(read(reader, text) == records);
  CHECK(read(reader, expect(senml_text(records, "other:"))) == records);
  CHECK(expect(senml_text({})) == "[]");
}

TEST_CASE("what would not be read back is not written") {
  double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(
      senml_text(std::vector<SenmlRecord>{{.name = "a", .unit = {}, .time = now, .value = nan}}));
  CHECK_FALSE(
      senml_text(std::vector<SenmlRecord>{{.name = "/a", .unit = {}, .time = now, .value = 1.0}}));
  CHECK_FALSE(
      senml_text(std::vector<SenmlRecord>{{.name = "a", .unit = {}, .time = 1000, .value = 1.0}}));
  CHECK_FALSE(senml_text(std::vector<SenmlRecord>{{.name = "a", .unit = {}, .time = now}}));
}
