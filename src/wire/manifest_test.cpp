#include "wire/manifest.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::wire;
using Catch::Contains;

namespace {

const std::string header = "id,model,serial,groups,risk,token_sha256\n";
const std::string digest(64, 'a');

Manifest two_meters() {
  return {.owner = {},
          .devices = {
              {.id = expect(DeviceId::parse("m-1")),
               .model = expect(ModelId::parse("meter")),
               .serial = "A 1",
               .groups = {"north", "pilot"},
               .risk = "high",
               .token_sha256 = expect(from_hex(digest))},
              {.id = expect(DeviceId::parse("m-2")), .model = expect(ModelId::parse("meter"))}}};
}

std::string why_not(const std::string& text) {
  auto r = parse_manifest(text);
  REQUIRE_FALSE(r);
  CHECK(r.error().fault == Fault::invalid);
  return r.error().message;
}

std::string json(const std::string& devices) {
  return R"({"format":"muster-manifest-1","owner":"City","devices":[)" + devices + "]}";
}

}  // namespace

TEST_CASE("both forms say the same") {
  Manifest wanted = two_meters();
  CHECK(expect(parse_manifest(header + "m-1,meter,A 1,pilot;north,high," + digest +
                              "\r\nm-2,meter,,,,\n")) == wanted);
  CHECK(expect(parse_manifest(to_csv_text(wanted))) == wanted);
  wanted.owner = "City";
  CHECK(expect(parse_manifest(to_json_text(wanted))) == wanted);
  CHECK(expect(parse_manifest("\n " + json(R"({"id":"m-1","model":"meter","serial":"A 1",
      "groups":["pilot","north"],"risk":"high","token_sha256":")" +
                                           digest + R"("},{"id":"m-2","model":"meter"})"))) ==
        wanted);
}

TEST_CASE("a mark of byte order and a missing last line end do no harm") {
  CHECK(expect(parse_manifest("\xef\xbb\xbf" + header + "m-1,meter,,,,")).devices.size() == 1);
  CHECK(expect(parse_manifest(header)).devices.empty());
}

TEST_CASE("an id or a serial that is there twice names both rows") {
  CHECK(why_not(header + "m-1,meter,,,,\nm-2,meter,,,,\nm-1,meter,,,,\n") ==
        "row 3: id m-1 is in row 1 already");
  CHECK(
      why_not(json(R"({"id":"a","model":"m","serial":"S"},{"id":"b","model":"m","serial":"S"})")) ==
      "row 2: serial S is in row 1 already");
}

TEST_CASE("a bad row is refused with its number and what is wrong") {
  auto row = [](const std::string& text) { return why_not(header + "m-0,meter,,,,\n" + text); };
  CHECK_THAT(row("a b,meter,,,,"), Contains("row 2: id must be 1 to 64 characters"));
  CHECK_THAT(row("m-1,,,,,"), Contains("row 2: model must be"));
  CHECK_THAT(row("m-1,meter,,,huge,"), Contains("row 2: risk must be low, moderate, high"));
  CHECK_THAT(row("m-1,meter,,a;a,,"), Contains("row 2: groups hold a name twice"));
  CHECK_THAT(row("m-1,meter,,a;;b,,"), Contains("row 2: groups hold what is not a name"));
  CHECK_THAT(row("m-1,meter,,,,abc"), Contains("row 2: token_sha256 must be a SHA-256"));
  CHECK_THAT(row("m-1,meter,\"A\",,,"), Contains("row 2: serial holds a comma, a quote"));
  CHECK_THAT(row("m-1,meter,\xff,,,"), Contains("row 2: serial is not UTF-8"));
  CHECK_THAT(row("m-1,meter"), Contains("row 2: has 2 fields, not 6"));
  CHECK_THAT(row("\n"), Contains("row 2: has 1 fields"));
  CHECK(parse_manifest(json(R"({"id":"a","model":"m"},{"id":"b","model":"m","risk":"x"})"))
            .error()
            .field == "/devices/1/risk");
}

TEST_CASE("a birth certificate may be named, in a column of its own") {
  const std::string print(64, 'a'),
      wide = "id,model,serial,groups,risk,token_sha256,idevid_sha256\n";
  const auto manifest =
      expect(parse_manifest(wide + "m-1,meter,A1,,,," + print + "\nm-2,meter,,,,,\n"));
  REQUIRE(manifest.devices.size() == 2);
  CHECK(manifest.devices[0].idevid_sha256 == Bytes(32, 0xaa));
  CHECK_FALSE(manifest.devices[1].idevid_sha256);
  CHECK(expect(parse_manifest(to_json_text(manifest))) == manifest);
  CHECK(expect(parse_manifest(to_csv_text(manifest))) == manifest);
  CHECK_THAT(why_not(wide + "m-1,meter,,,,,abc\n"), Contains("idevid_sha256 must be a SHA-256"));
  CHECK_THAT(why_not(wide + "m-1,meter,,,,," + print + "\nm-2,meter,,,,," + print + "\n"),
             Contains("is in row 1 already"));
}

TEST_CASE("the endorsement key of a device's TPM may be named, in the last column") {
  const std::string print(64, 'b'),
      wide = "id,model,serial,groups,risk,token_sha256,idevid_sha256,ek_sha256\n";
  const auto manifest =
      expect(parse_manifest(wide + "m-1,meter,A1,,,,," + print + "\nm-2,meter,,,,,,\n"));
  REQUIRE(manifest.devices.size() == 2);
  CHECK(manifest.devices[0].ek_sha256 == Bytes(32, 0xbb));
  CHECK_FALSE(manifest.devices[1].ek_sha256);
  CHECK(expect(parse_manifest(to_json_text(manifest))) == manifest);
  CHECK(expect(parse_manifest(to_csv_text(manifest))) == manifest);
  CHECK_THAT(why_not(wide + "m-1,meter,,,,,,abc\n"), Contains("ek_sha256 must be a SHA-256"));
  CHECK_THAT(why_not(wide + "m-1,meter,,,,,," + print + "\nm-2,meter,,,,,," + print + "\n"),
             Contains("is in row 1 already"));
}

TEST_CASE("a manifest of another kind is refused") {
  CHECK_THAT(why_not(""), Contains("begins with the line id,model"));
  CHECK_THAT(why_not("id,model\nm-1,meter\n"), Contains("begins with the line id,model"));
  CHECK_THAT(why_not(R"({"format":"other","owner":"x","devices":[]})"),
             Contains("must be muster-manifest-1"));
  CHECK_THAT(why_not(json(R"({"id":"a","model":"m","colour":"red"})")), Contains("unknown member"));
  CHECK_THAT(why_not(R"({"format":"muster-manifest-1","devices":[]})"), Contains("is missing"));
}

TEST_CASE("the number of devices is bounded") {
  std::string text = header;
  for (std::size_t i = 0; i <= manifest_devices_max; ++i)
    text += "d" + std::to_string(i) + ",m,,,,\n";
  CHECK_THAT(why_not(text), Contains("more than 200000 devices"));
}
