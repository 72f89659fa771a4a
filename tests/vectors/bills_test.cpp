// The published examples of CycloneDX: all that are valid are taken, and of those that are not, all
// whose rule is one of ours are refused.
#include <algorithm>
#include <filesystem>
#include <set>

#include "vectors.h"
#include "wire/sbom.h"

using namespace muster;

// "invalid-scope-1.4.json" without its version: what these break is not looked at, since it says
// nothing about which components there are (docs/formats/sbom.md).
TEST_CASE("CycloneDX's examples are judged as they are named", "[bills]") {
  const char* folder = std::getenv("MUSTER_VECTORS");
  if (!folder) {
    WARN("skipped: MUSTER_VECTORS names no folder with cyclonedx");
    return;
  }
  const std::set<std::string> unchecked{"invalid-license-id", "invalid-metadata-license"};
  std::size_t valid = 0, refused = 0, let_by = 0;
  for (const std::string version : {"1.4", "1.5", "1.6"})
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(folder) /
                                                                 "cyclonedx" / version)) {
      const std::string name = entry.path().filename().string();
      const auto read = wire::read_sbom(whole_file(entry.path()));
      INFO(name << ": " << (read ? "" : read.error().field + ' ' + read.error().message));
      if (name.starts_with("valid-")) {
        CHECK(read);
        ++valid;
      } else if (unchecked.contains(name.substr(0, name.size() - 9))) {
        CHECK(read);
        ++let_by;
      } else {
        CHECK_FALSE(read);
        ++refused;
      }
    }
  CHECK(valid == 110);
  CHECK(refused == 63);
  CHECK(let_by == 6);
}
