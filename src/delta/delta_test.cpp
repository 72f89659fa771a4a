#include "delta/delta.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "base/file.h"
#include "base/random.h"
#include "base/test_folder.h"

using namespace muster;
using namespace muster::delta;

namespace {

const std::atomic<bool> never = false;

// Noise, so that nothing but the other file helps.
std::string noise(std::size_t size, std::uint64_t seed) {
  std::string out(size, '\0');
  SeededRandom random(seed);
  random.fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

struct Files {
  TestFolder folder;
  std::filesystem::path put(const char* name, std::string_view content) const {
    std::ofstream(folder.path / name, std::ios::binary) << content;
    return folder.path / name;
  }
  std::string made() const { return expect(read_file(folder.path / "made", 64 << 20)); }
  std::filesystem::path to() const { return folder.path / "made"; }
};

Result<std::string> decoded(Coding coding, std::string_view base, std::string_view coded,
                            std::uint64_t window = window_max, std::size_t piece = 1000) {
  TRY(auto decoder, Decoder::open(coding, bytes_of(base), window));
  std::string out;
  for (std::size_t at = 0; at < coded.size(); at += piece)
    TRY_VOID(decoder.take(bytes_of(coded.substr(at, piece)), [&](ByteView came) -> Result<void> {
      out += text_of(came);
      return {};
    }));
  TRY_VOID(decoder.finish());
  return out;
}

}  // namespace

TEST_CASE("a patch is small where little changed, and makes the new of the old") {
  const Files files;
  const std::string before = noise(400'000, 1);
  std::string after = before;
  after.replace(1000, 5, "patch");
  after.insert(200'000, noise(3000, 2));
  const auto size =
      expect(make_patch(files.put("base", before), files.put("target", after), files.to(), never));
  CHECK(size == files.made().size());
  CHECK(size < 5000);
  CHECK(expect(decoded(Coding::dcz, before, files.made())) == after);
  CHECK(expect(decoded(Coding::dcz, before, files.made(), window_max, 1)) == after);
}

TEST_CASE("a patch says what it is for, and for what else it is refused") {
  const Files files;
  const std::string before = noise(50'000, 1), after = before + "more";
  REQUIRE(make_patch(files.put("base", before), files.put("target", after), files.to(), never));
  const auto patch = files.made();
  CHECK(to_hex(bytes_of(patch).first(8)) == "5e2a4d1820000000");
  CHECK(to_hex(bytes_of(patch).subspan(8, 32)) == to_hex(crypto::sha256(bytes_of(before))));
  const auto other = decoded(Coding::dcz, noise(50'000, 2), patch);
  CHECK(other.error().message == "this patch is for something else than what is here");
  CHECK(decoded(Coding::dcz, before, "PK\3\4 and so on").error().message == "this is no dcz");
}

TEST_CASE("what was cut, or changed on the way, or goes on after its end is corrupt") {
  const Files files;
  const std::string before = noise(50'000, 1), after = before + "more";
  REQUIRE(make_patch(files.put("base", before), files.put("target", after), files.to(), never));
  const auto patch = files.made();
  CHECK(decoded(Coding::dcz, before, patch.substr(0, patch.size() - 1)).error().fault ==
        Fault::corrupt);
  CHECK(decoded(Coding::dcz, before, patch.substr(0, 20)).error().fault == Fault::corrupt);
  CHECK(decoded(Coding::dcz, before, patch + "x").error().fault == Fault::corrupt);
  for (std::size_t at = 40; at < patch.size(); at += 7) {
    auto changed = patch;
    changed[at] ^= 0x20;
    const auto out = decoded(Coding::dcz, before, changed);
    CHECK((!out || *out == after));  // zstd's checksum, and then the release's digest
  }
}

TEST_CASE("a decoder takes no larger window than it may") {
  const Files files;
  const std::string before = noise(3 << 20, 1), after = before + "more";
  REQUIRE(make_patch(files.put("base", before), files.put("target", after), files.to(), never));
  CHECK(decoded(Coding::dcz, before, files.made(), 1 << 20, 4096).error().fault ==
        Fault::exhausted);
  CHECK(expect(decoded(Coding::dcz, before, files.made(), 4 << 20, 4096)) == after);
}

TEST_CASE("text is compressed, and noise is left as it is") {
  const Files files;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + "\n";
  const auto size = expect(compress(files.put("target", text), files.to(), never));
  CHECK(size < text.size() / 4);
  CHECK(expect(decoded(Coding::zstd, {}, files.made())) == text);
  CHECK(expect(decoded(Coding::zstd, {}, files.made(), plain_window)) == text);
  const auto noisy = compress(files.put("target", noise(100'000, 1)), files.to(), never);
  CHECK(noisy.error().fault == Fault::invalid);
  CHECK_FALSE(std::filesystem::exists(files.to()));
}

TEST_CASE("the same files make the same octets") {
  const Files files;
  const auto base = files.put("base", noise(100'000, 1));
  const auto target = files.put("target", noise(100'000, 1) + noise(500, 2));
  REQUIRE(make_patch(base, target, files.to(), never));
  const auto first = files.made();
  REQUIRE(make_patch(base, target, files.to(), never));
  CHECK(files.made() == first);
}

TEST_CASE("what is stopped leaves nothing") {
  const Files files;
  const std::atomic<bool> now = true;
  const auto target = files.put("target", noise(100'000, 1));
  CHECK(compress(target, files.to(), now).error().fault == Fault::exhausted);
  CHECK_FALSE(std::filesystem::exists(files.to()));
}

TEST_CASE("a patch is for two files of one kind that fit into its window") {
  CHECK(may_patch(1, 8 << 20));
  CHECK_FALSE(may_patch(1, (8 << 20) + 1));
  CHECK(may_patch(100 << 20, 125 << 20));
  CHECK_FALSE(may_patch(100 << 20, 126 << 20));
  CHECK(may_patch(128 << 20, 128 << 20));
  CHECK_FALSE(may_patch((128 << 20) + 1, 128 << 20));
  CHECK_FALSE(may_patch(0, 1));
  for (auto coding : {Coding::identity, Coding::zstd, Coding::dcz})
    CHECK(parse_coding(name_of(coding)) == coding);
  CHECK_FALSE(parse_coding("gzip"));
}
