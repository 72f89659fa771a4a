#include <catch2/catch.hpp>

#include "agent/internal/test_device.h"
#include "base/file.h"
#include "base/test_folder.h"

using namespace muster;
using namespace muster::agent;
using Told = std::vector<std::string>;

namespace {

// A device that keeps what it runs, on one loop with its controller.
struct Stage : RehearsedDevice {
  TestFolder folder;
  FolderDisk disk = expect(FolderDisk::open(folder.path / "state"));
  std::string old_artifact = std::string(200'000, 'x'), new_artifact;

  Stage() {
    SeededRandom noise(1);
    noise.fill({reinterpret_cast<std::uint8_t*>(old_artifact.data()), old_artifact.size()});
    new_artifact = old_artifact + "and something more";
  }
  ~Stage() {
    if (device) stop();
  }
  void start(std::uint64_t memory = 64 << 20) {
    open({.id = expect(DeviceId::parse("meter-1")),
          .token = "secret",
          .model = "meter",
          .factory_firmware = "1.0.0",
          .health_command = {},
          .activate_command = {},
          .confirm_command = {},
          .unpack_memory = memory,
          .pace = {.interval = 1h, .retry_first = 10ms, .retry_max = 100ms, .contact_within = 2s}},
         disk);
    device->start();
    REQUIRE(until([&] { return rehearsal.lines_up() == 1; }));
  }
  void update(const char* version, std::uint64_t sequence, const std::string& artifact) {
    rehearsal.artifacts.fetches.clear();
    rehearsal.offer(Maker::release(version, sequence, artifact), artifact, sequence);
    rehearsal.told.clear();
    REQUIRE(until([&] {
      return std::ranges::find(rehearsal.told, "results installed") != rehearsal.told.end() &&
             rehearsal.lines_up() == 1;
    }));
    REQUIRE(device->status().firmware == version);
  }
  // Beside the artifact, as the controller has it.
  std::filesystem::path beside(const std::string& artifact, const char* coding) const {
    return rehearsal.folder / (to_hex(crypto::sha256(bytes_of(artifact))) + "." + coding);
  }
  void make_patch(std::string_view base) const {
    expect(write_file(folder.path / "base", base));
    expect(write_file(folder.path / "target", new_artifact));
    expect(delta::make_patch(folder.path / "base", folder.path / "target",
                             beside(new_artifact, "dcz"), false));
  }
  bool runs(const std::string& artifact) const {
    const auto running = expect(Updater::open(const_cast<FolderDisk&>(disk), controller.trust,
                                              expect(DeviceId::parse("meter-1")), "meter", {}));
    return expect(disk.digest(running.slot("artifact"))) == crypto::sha256(bytes_of(artifact));
  }
};

}  // namespace

TEST_CASE("a device that keeps what it runs fetches a patch, and runs what the patch makes of it") {
  Stage stage;
  stage.start();
  stage.update("1.1.0", 1, stage.old_artifact);
  CHECK(stage.rehearsal.artifacts.fetches == Told{"HEAD zstd", "GET as it is"});
  stage.make_patch(stage.old_artifact);
  stage.update("1.2.0", 2, stage.new_artifact);
  CHECK(stage.rehearsal.artifacts.fetches == Told{"HEAD dcz, zstd", "GET dcz"});
  CHECK(stage.runs(stage.new_artifact));
}

TEST_CASE("a patch that does not serve is followed by the artifact as it is") {
  Stage stage;
  stage.start();
  stage.update("1.1.0", 1, stage.old_artifact);
  SECTION("it is for something else") {
    stage.make_patch(stage.old_artifact + "not quite");
  }
  SECTION("it is none") {
    expect(write_file(stage.beside(stage.new_artifact, "dcz"), "nonsense"));
  }
  SECTION("it leads elsewhere") {
    const std::string wanted = stage.new_artifact;
    stage.new_artifact = stage.old_artifact + "something else at all";
    stage.make_patch(stage.old_artifact);
    std::filesystem::rename(stage.beside(stage.new_artifact, "dcz"), stage.beside(wanted, "dcz"));
    stage.new_artifact = wanted;
  }
  stage.update("1.2.0", 2, stage.new_artifact);
  CHECK(stage.rehearsal.artifacts.fetches == Told{"HEAD dcz, zstd", "GET dcz", "GET as it is"});
  CHECK(stage.runs(stage.new_artifact));
}

TEST_CASE(
    "a device without the memory for it, or with other than its artifact, asks for no patch") {
  Stage stage;
  SECTION("little memory") {
    stage.start(8 << 20);
    stage.update("1.1.0", 1, std::string(9 << 20, 'x'));
    stage.update("1.2.0", 2, stage.new_artifact);
    CHECK(stage.rehearsal.artifacts.fetches == Told{"HEAD zstd", "GET as it is"});
  }
  SECTION("none") {
    stage.start(0);
    stage.update("1.1.0", 1, stage.new_artifact);
    CHECK(stage.rehearsal.artifacts.fetches == Told{"GET as it is"});
  }
}

TEST_CASE("a compressed artifact is fetched by a device that keeps nothing yet") {
  Stage stage;
  stage.rehearsal.artifacts.coding = "zstd";
  const std::string text(300'000, 'x');
  expect(write_file(stage.folder.path / "target", text));
  expect(delta::compress(stage.folder.path / "target", stage.beside(text, "zstd"), false));
  stage.start();
  stage.update("1.1.0", 1, text);
  CHECK(stage.rehearsal.artifacts.fetches == Told{"HEAD zstd", "GET zstd"});
  CHECK(stage.runs(text));
  CHECK_FALSE(
      std::filesystem::exists(stage.disk.path("coded-" + to_hex(crypto::sha256(bytes_of(text))))));
}
