#include "base/file.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "base/test_folder.h"

using namespace muster;

namespace {

bool mentions(const Error& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a file comes back as it was written, and leaves no draft") {
  const TestFolder folder;
  const auto path = folder.path / "kept";
  const std::string text("line\n\0octet", 11);
  expect(write_file(path, text));
  CHECK(expect(read_file(path, 11)) == text);
  expect(write_file(path, "shorter", 0600));
  CHECK(expect(read_file(path, 11)) == "shorter");
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
        std::filesystem::perms(0600));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("a folder, a file without end and one that is not there are refused by name") {
  const TestFolder folder;
  const auto in_folder = read_file(folder.path, 100);
  REQUIRE_FALSE(in_folder);
  CHECK(mentions(in_folder.error(), folder.path.string() + ": it is a folder"));
  const auto endless = read_file("/dev/zero", 5'000'000);
  REQUIRE_FALSE(endless);
  CHECK(mentions(endless.error(), "larger than 5000000 octets"));
  const auto none = read_file(folder.path / "none", 100);
  REQUIRE_FALSE(none);
  CHECK(mentions(none.error(), "No such file"));
  CHECK(none.error().fault == Fault::invalid);
}

TEST_CASE("a file is read in pieces of which none is larger than a mebibyte") {
  const TestFolder folder;
  const auto path = folder.path / "large";
  expect(write_file(path, std::string(2'500'000, 'x')));
  std::size_t largest = 0, pieces = 0;
  CHECK(expect(read_file(path, 2'500'000, [&](ByteView piece) {
          largest = std::max(largest, piece.size());
          ++pieces;
        })) == 2'500'000);
  CHECK(largest <= 1 << 20);
  CHECK(pieces >= 3);
}

TEST_CASE("what cannot be replaced by a rename is not written over, and what was there stays") {
  const TestFolder folder;
  const auto device = write_file("/dev/full", "text");
  REQUIRE_FALSE(device);
  CHECK(mentions(device.error(), "/dev/full: it is no regular file"));
  CHECK(std::filesystem::is_character_file("/dev/full"));
  CHECK_FALSE(write_file(folder.path, "text"));
  CHECK_FALSE(write_file(folder.path / "no" / "such", "text"));

  const auto path = folder.path / "kept";
  expect(write_file(path, "before"));
  std::filesystem::create_directory(folder.path / "kept.new");  // the draft cannot be made
  CHECK_FALSE(write_file(path, "after"));
  CHECK(expect(read_file(path, 100)) == "before");
}

TEST_CASE("a folder is synced by its name, and what is none is told of") {
  const TestFolder folder;
  CHECK(sync_folder(folder.path));
  CHECK(sync_folder({}));  // the working folder
  expect(write_file(folder.path / "file", "text"));
  CHECK(sync_folder(folder.path / "file").error().fault == Fault::unavailable);
  CHECK(mentions(sync_folder(folder.path / "none").error(), "No such file"));
}
