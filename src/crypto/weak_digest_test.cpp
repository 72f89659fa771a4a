#include "crypto/weak_digest.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "base/test_folder.h"

using namespace muster;

TEST_CASE("a file's SHA-1 and MD5 are what sha1sum and md5sum say, also over several pieces") {
  TestFolder folder;
  const auto file = folder.path / "file";
  std::ofstream(file, std::ios::binary) << "abc";
  const auto small = expect(crypto::weak_digests(file));
  CHECK(small.sha1 == "a9993e364706816aba3e25717850c26c9cd0d89d");  // FIPS 180-2 appendix A
  CHECK(small.md5 == "900150983cd24fb0d6963f7d28e17f72");           // RFC 1321 appendix A.5
  std::ofstream(file, std::ios::binary) << std::string(1'000'000, 'a');
  CHECK(expect(crypto::weak_digests(file)).sha1 == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  std::ofstream(file, std::ios::binary | std::ios::trunc).close();
  CHECK(expect(crypto::weak_digests(file)).md5 == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK_FALSE(crypto::weak_digests(folder.path / "none"));
}
