// tests/vectors -- published test vectors through our own readers and verifiers. They are not part
// of this repository: MUSTER_VECTORS names the folder that holds limbo.json (C2SP/x509-limbo) and
// wycheproof/ (C2SP/wycheproof). Without it these tests are skipped, and ctest says so.
// The test's thread.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "wire/json.h"

namespace muster {

inline std::string whole_file(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

// Null when there is no folder of vectors; a folder without this file fails the test.
inline wire::Json vectors(const std::string& name) {
  const char* folder = std::getenv("MUSTER_VECTORS");
  if (!folder) {
    WARN("skipped: MUSTER_VECTORS names no folder with " << name);
    return {};
  }
  return expect(wire::parse_json(whole_file(std::filesystem::path(folder) / name),
                                 {.bytes = 64 << 20, .depth = 32}));
}

inline std::string text_in(const wire::Json& object, std::string_view key) {
  const wire::Json* value = object.find(key);
  REQUIRE(value);
  REQUIRE(value->text());
  return *value->text();
}

}  // namespace muster
