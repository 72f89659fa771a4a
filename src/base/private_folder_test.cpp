#include "base/private_folder.h"

#include <catch2/catch.hpp>

#include "base/test_folder.h"

using namespace muster;
namespace fs = std::filesystem;

TEST_CASE("a private folder is closed to others, whether it is new or was open before") {
  const TestFolder folder;
  const auto path = folder.path / "a" / "keys";
  for (int i = 0; i < 2; ++i) {
    CHECK(make_private_folder(path));
    CHECK(fs::status(path).permissions() == fs::perms::owner_all);
    fs::permissions(path, fs::perms::all);
  }
}

TEST_CASE("a private folder is refused with its path where a file is in the way") {
  const TestFolder folder;
  const auto path = folder.path / "file";
  std::fclose(std::fopen(path.c_str(), "w"));
  const auto made = make_private_folder(path / "keys");
  REQUIRE_FALSE(made);
  CHECK(made.error().message.find((path / "keys").string()) != std::string::npos);
}
