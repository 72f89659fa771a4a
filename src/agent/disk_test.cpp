#include "agent/disk.h"
#include "base/test_folder.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace muster;
using namespace muster::agent;

namespace {

using Scratch = TestFolder;

void check_disk(Disk& disk) {
  CHECK_FALSE(*disk.read("none"));
  REQUIRE(disk.write("text", "one"));
  REQUIRE(disk.write("text", "two"));
  CHECK(**disk.read("text") == "two");
  REQUIRE(disk.write("a/release.json", "{}"));
  REQUIRE(disk.append("download", bytes_of("hello ")));
  REQUIRE(disk.append("download", bytes_of("world")));
  REQUIRE(disk.sync("download"));
  CHECK(*disk.size("download") == 11);
  REQUIRE(disk.move("download", "b/artifact"));
  CHECK(*disk.size("download") == 0);
  CHECK(*disk.digest("b/artifact") == crypto::sha256(bytes_of("hello world")));
  CHECK(*disk.digest("b/artifact") == crypto::sha256(bytes_of("hello world")));
  REQUIRE(disk.remove("b/artifact"));
  REQUIRE(disk.remove("b/artifact"));
  REQUIRE(disk.remove("never/there"));
  CHECK_FALSE(disk.digest("b/artifact"));
}

}  // namespace

TEST_CASE("a folder keeps texts and files, for nobody else to read") {
  Scratch scratch;
  auto disk = expect(FolderDisk::open(scratch.path / "state"));
  check_disk(disk);
  struct stat status{};
  REQUIRE(::stat((scratch.path / "state/text").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::stat((scratch.path / "state").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(**expect(FolderDisk::open(scratch.path / "state")).read("text") == "two");
}

TEST_CASE(
    "a text that is too large to be ours is corrupt, and what cannot be read is unavailable") {
  Scratch scratch;
  auto disk = expect(FolderDisk::open(scratch.path / "state"));
  REQUIRE(disk.append("text", Bytes((1 << 20) + 1)));
  CHECK(disk.read("text").error().fault == Fault::corrupt);
  REQUIRE(disk.write("text", "small"));
  CHECK(**disk.read("text") == "small");
  REQUIRE(disk.write("a/text", "in a folder"));
  CHECK(disk.read("a").error().fault == Fault::unavailable);
  CHECK(disk.digest("none").error().fault == Fault::unavailable);
}

TEST_CASE("a disk in memory does the same") {
  MemoryDisk disk;
  check_disk(disk);
}
