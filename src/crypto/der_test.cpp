#include "crypto/internal/der.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::crypto;

TEST_CASE("DER has one spelling: long lengths, padded numbers and deep nests are refused") {
  auto enters = [](const char* hex) {
    return der::enter_only(expect(from_hex(hex)), der::sequence, "x").has_value();
  };
  CHECK(enters("3000"));
  CHECK_FALSE(enters("308100"));
  CHECK_FALSE(enters("3080"));
  CHECK_FALSE(enters("30"));
  CHECK_FALSE(enters("3001"));
  CHECK_FALSE(enters("300000"));
  CHECK_FALSE(enters("30850000000000"));
  CHECK_FALSE(enters("3084ffffffff00"));
  CHECK_FALSE(enters("1f8100"));

  auto number = [](const char* hex) {
    const Bytes der = expect(from_hex(hex));
    return der::Reader(der).small_number("x");
  };
  CHECK(number("020100").value() == 0);
  CHECK(number("020200ff").value() == 255);
  CHECK_FALSE(number("0202007f"));
  CHECK_FALSE(number("0201ff"));
  CHECK_FALSE(number("0200"));
  CHECK_FALSE(number("0209010000000000000000"));

  der::Reader reader(ByteView{}, der::depth_max);
  CHECK_THAT(reader.enter(der::sequence, "x").error().message, Catch::Matchers::Contains("deep"));
}

TEST_CASE("times that no calendar has are refused") {
  auto time = [](const char* text, std::uint8_t tag) {
    Bytes der{tag, static_cast<std::uint8_t>(std::string_view(text).size())};
    const ByteView content = bytes_of(text);
    der.insert(der.end(), content.begin(), content.end());
    return der::Reader(der).time("x");
  };
  CHECK(rfc3339(expect(time("491231235959Z", der::utc_time))) == "2049-12-31T23:59:59.000Z");
  CHECK(rfc3339(expect(time("500101000000Z", der::utc_time))) == "1950-01-01T00:00:00.000Z");
  CHECK(time("240229000000Z", der::utc_time));
  CHECK_FALSE(time("230229000000Z", der::utc_time));
  CHECK_FALSE(time("231301000000Z", der::utc_time));
  CHECK_FALSE(time("230101240000Z", der::utc_time));
  CHECK_FALSE(time("230101000060Z", der::utc_time));
  CHECK_FALSE(time("2301010000Z", der::utc_time));
  CHECK_FALSE(time("230101000000+0100", der::utc_time));
  CHECK_FALSE(time("20230101000000.5Z", der::generalized_time));
  CHECK(time("99991231235959Z", der::generalized_time));
}
