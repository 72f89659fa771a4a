#include <catch2/catch.hpp>

#include "api/internal/test_door.h"

namespace muster::api {

using internal::TestDoor;

TEST_CASE("while there is no repository, it says whom a root must name and serves nothing") {
  TestDoor door;
  const auto now = door.get("/api/v1/repository");
  CHECK(now.status == 200);
  CHECK(now.number("root_version") == 0);
  CHECK(now.at("timestamp_expires_at").is_null());
  CHECK(now.word("online_key_id").size() == 64);
  CHECK(now.word("online_key_pem").starts_with("-----BEGIN PUBLIC KEY-----"));
  for (const char* path : {"/tuf/metadata/timestamp.json", "/tuf/metadata/1.root.json",
                           "/tuf/targets/meter/1.0", "/tuf/", "/tuf/elsewhere"}) {
    INFO(path);
    CHECK(door.call("", "GET", path).status == 404);
  }
}

TEST_CASE("metadata that does not read, or does not begin a repository, is refused by its place") {
  TestDoor door;
  CHECK(door.post("/api/v1/repository", "{}").status == 400);
  CHECK(door.post("/api/v1/repository", R"({"root":{}})").word("field") == "/targets");
  CHECK(door.post("/api/v1/repository", R"({"targets":{}})").word("field") == "/root");
  CHECK(door.post("/api/v1/repository", R"({"root":{},"targets":{}})").status == 400);
  CHECK(door.post("/api/v1/repository", R"({"snapshot":{}})").word("field") == "/snapshot");
  CHECK(door.get("/api/v1/repository").number("root_version") == 0);
}

}  // namespace muster::api
