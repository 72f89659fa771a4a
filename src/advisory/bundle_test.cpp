#include "advisory/bundle.h"

#include <catch2/catch.hpp>

namespace muster::advisory {

TEST_CASE("a bundle's signed part reads as it was written, and nothing else does") {
  const Bundle bundle{.feed = "debian",
                      .sequence = 7,
                      .published = instant(1'795'000'000'000),
                      .sha256 = std::string(64, 'a'),
                      .size = 12};
  CHECK(expect(read_bundle(to_json(bundle))) == bundle);
  for (const auto& [member, value] : {std::pair<const char*, wire::Json>("_type", "muster-release"),
                                      {"feed", "../x"},
                                      {"sequence", 0},
                                      {"published", "yesterday"},
                                      {"sha256", std::string(64, 'A')},
                                      {"size", -1},
                                      {"more", 1}}) {
    auto content = to_json(bundle);
    content.set(member, value);
    const auto refused = read_bundle(content);
    INFO(member);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().field == '/' + std::string(member));
  }
}

}  // namespace muster::advisory
