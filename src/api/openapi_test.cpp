#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "api/internal/door.h"

namespace muster::api {

TEST_CASE("the OpenAPI description has every route, and nothing that is not there") {
  auto document = expect(wire::parse_json(openapi_text(), {.bytes = 4 << 20}));
  const auto* paths = document.find("paths");
  REQUIRE(paths);
  std::set<std::string> described,
      real{"POST /api/v1/session", "DELETE /api/v1/session", "GET /api/v1/events"};
  for (const auto& [path, methods] : *paths->members())
    for (const auto& [method, operation] : *methods.members()) {
      std::string upper = method;
      std::ranges::transform(upper, upper.begin(),
                             [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      described.insert(upper + " " + path);
    }
  for (const Route& route : all_routes()) {
    std::string path = route.pattern;
    if (auto dots = path.find("..."); dots != std::string::npos) path.erase(dots, 3);
    real.insert(std::string(route.method) + " " + path);
  }
  for (const auto& each : real) CHECK_THAT(described.contains(each) ? "" : each, Catch::Equals(""));
  for (const auto& each : described) CHECK_THAT(real.contains(each) ? "" : each, Catch::Equals(""));
}

TEST_CASE("the router finds parameters, rests of paths, and methods that a path does not take") {
  Router router(all_routes());
  auto device = router.find("POST", "/api/v1/devices/meter-7/isolate");
  REQUIRE(device.route);
  CHECK(device.path == std::vector<std::string>{"meter-7"});
  auto tile = router.find("GET", "/ledger/tile/0/x001/002.p/7");
  REQUIRE(tile.route);
  CHECK(tile.path == std::vector<std::string>{"0/x001/002.p/7"});
  CHECK(router.find("DELETE", "/api/v1/devices").allowed == "GET, POST");
  CHECK(router.find("GET", "/api/v1/nothing").allowed.empty());
  CHECK_FALSE(router.find("GET", "/api/v1/devices/").route);
}

}  // namespace muster::api
