// base/test_folder -- a folder of its own for a test or a bench, gone with its owner.
//
// For tests and benches only. One thread; reads no clock.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "base/result.h"

namespace muster {

// Where files cost no disk, when there is such a place: for tests of the order of writes.
inline std::filesystem::path in_memory() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm"
                                                   : std::filesystem::temp_directory_path();
}

struct TestFolder {
  explicit TestFolder(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "muster-test-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      give_up({Fault::unavailable, "cannot make a folder in " + parent.string(), ""});
    path = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

}  // namespace muster
