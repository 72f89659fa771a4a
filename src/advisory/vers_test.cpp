#include "advisory/vers.h"

#include <catch2/catch.hpp>

namespace muster::advisory {

TEST_CASE(
    "a range holds what lies between its bounds, what it names, and nothing that it excludes") {
  const auto range = expect(parse_vers("vers:deb/>=1.0|<1.2-3|1.3|!=1.4~rc1|>2.0"));
  for (const char* inside : {"1.0", "1.2-2", "1.2-3~", "1.3", "2.0-1", "3:0"})
    CHECK(range.contains(inside));
  for (const char* outside : {"0.9", "1.0~", "1.2-3", "1.2.9", "1.4~rc1", "2.0"})
    CHECK_FALSE(range.contains(outside));
  CHECK(to_text(range) == "vers:deb/>=1.0|<1.2-3|1.3|!=1.4~rc1|>2.0");
  CHECK(expect(parse_vers("vers:alpine/*")).contains("anything"));
  CHECK(expect(parse_vers("vers:npm/!=1.0.0")).contains("1.0.1"));
  CHECK_FALSE(expect(parse_vers("vers:npm/!=1.0.0")).contains("1.0.0"));
}

TEST_CASE("only the canonical spelling parses; what others sorted otherwise is read all the same") {
  CHECK_FALSE(parse_vers("vers:npm/<2.0.0|>=1.0.0"));
  CHECK(to_text(expect(read_vers("vers:npm/<2.0.0|>=1.0.0"))) == "vers:npm/>=1.0.0|<2.0.0");
  for (const char* refused :
       {"npm/1", "vers:npm", "vers:npm/", "vers:nobody/1.0", "vers:npm/1||2",
        "vers:npm/>=", "vers:npm/1|1", "vers:npm/1 |2", "vers:deb/1%2b1", "vers:npm/=1.0.0"}) {
    INFO(refused);
    CHECK_FALSE(parse_vers(refused));
  }
  std::string many = "vers:generic/";
  for (std::size_t i = 0; i <= constraints_max; ++i) many += (i ? "|" : "") + std::to_string(i);
  CHECK_FALSE(parse_vers(many));
}

TEST_CASE("npm's carets, tildes, hyphens and x become bounds") {
  for (const auto& [npm, vers] : {std::pair("^1.2.9", ">=1.2.9|<2.0.0"),
                                  {"^0.0.2-beta", ">=0.0.2-beta|<0.0.3"},
                                  {"~1.6.5 || >=1.7.2", ">=1.6.5|<1.7.0|>=1.7.2"},
                                  {"5.0.0 - 7.2.3", ">=5.0.0|<=7.2.3"},
                                  {"1.2.x", ">=1.2.0|<1.3.0"},
                                  {"", "*"}})
    CHECK(to_text(expect(read_npm_range(npm))) == std::string("vers:npm/") + vers);
  for (const char* refused : {"one", "1..2", "<>1", "1.2.3.4", "12345678901234567890"})
    CHECK_FALSE(read_npm_range(refused));
}

}  // namespace muster::advisory
