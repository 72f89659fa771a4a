#include "advisory/cvss.h"

#include <catch2/catch.hpp>

namespace muster::advisory {

TEST_CASE("a CVSS 3 vector has the base score that the specification's examples give it") {
  for (const auto& [vector, tenths] :
       {std::pair("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98),
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61},
        {"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64},
        {"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31},
        {"CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 78},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75},
        {"CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 68},
        {"CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 93},
        {"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", 74},
        {"CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 42},
        {"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 98}}) {
    INFO(vector);
    CHECK(expect(cvss3_base_score(vector)) == tenths);
  }
}

TEST_CASE("a vector with a metric that is missing, twice, unknown or out of place is refused") {
  for (const char* vector :
       {"", "AV:N/AC:L", "CVSS:4.0/AV:N", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:1", "CVSS:3.1//AV:N"}) {
    INFO(vector);
    CHECK_FALSE(cvss3_base_score(vector));
  }
}

TEST_CASE("a score has the severity that the specification names") {
  CHECK(severity_of_score(0) == Severity::unknown);
  CHECK(severity_of_score(39) == Severity::low);
  CHECK(severity_of_score(40) == Severity::medium);
  CHECK(severity_of_score(70) == Severity::high);
  CHECK(severity_of_score(90) == Severity::critical);
  CHECK(severity_of("MODERATE") == Severity::medium);
  CHECK_FALSE(severity_of("terrible"));
}

}  // namespace muster::advisory
