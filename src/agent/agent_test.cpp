#include "agent/agent.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "agent/credentials.h"
#include "agent/internal/test_device.h"
#include "crypto/internal/test_maker.h"
#include "wire/senml.h"

using namespace muster;
using namespace muster::agent;

namespace {

using Told = std::vector<std::string>;

// One device and its controller on one loop.
struct Stage : RehearsedDevice {
  MemoryDisk disk;

  AgentSettings settings() const {
    return {.id = expect(DeviceId::parse("meter-1")),
            .token = "secret",
            .model = "meter",
            .factory_firmware = "1.0.0",
            .health_command = {},
            .activate_command = {},
            .confirm_command = {},
            .pace = {.interval = 20ms,
                     .retry_first = 10ms,
                     .retry_max = 100ms,
                     .contact_within = 2s,
                     .command_within = 5s}};
  }
  void start(AgentSettings with) {
    open(std::move(with), disk);
    device->start();
  }
  void start() { start(settings()); }
  ~Stage() {
    if (device) stop();
  }

  bool until_told(const std::string& what) {
    return until([&] { return std::ranges::find(rehearsal.told, what) != rehearsal.told.end(); });
  }
};

}  // namespace

TEST_CASE("a device enrols, says what it runs before it asks for offers, and its readings arrive") {
  Stage stage;
  stage.start();
  REQUIRE(stage.until([&] { return stage.device->status().acknowledged >= 3; }));
  CHECK(Told(stage.rehearsal.told.begin(), stage.rehearsal.told.begin() + 2) ==
        Told{"state 1.0.0", "subscribed"});
  CHECK(stage.device->status().enrolled);
  CHECK(stage.device->status().connected);
  wire::SenmlReader reader;
  const auto pack = stage.rehearsal.readings.front();
  CHECK(expect(reader.read(bytes_of(pack), millis(stage.clock.now())))[0].name == "voltage");
}

TEST_CASE("a busy enrolment door is asked again, with the same request") {
  Stage stage;
  stage.rehearsal.busy = 2;
  stage.start();
  REQUIRE(stage.until_told("subscribed"));
  REQUIRE(stage.rehearsal.requests.size() == 3);
  CHECK(stage.rehearsal.requests[0] == stage.rehearsal.requests[2]);
}

TEST_CASE("a device enrols by its birth certificate, and waits for as long as it is told to") {
  Stage stage;
  const auto born = crypto::TestMaker().bear("A1");
  stage.rehearsal.born = born.chain.front();
  stage.rehearsal.undecided = 2;
  auto settings = stage.settings();
  settings.token.clear();
  settings.birth_key_pem = born.key.private_pem();
  settings.birth_chain_pem = crypto::certificate_pem(born.chain.front());
  stage.start(settings);
  REQUIRE(stage.until_told("subscribed"));
  REQUIRE(stage.rehearsal.requests.size() == 3);
  CHECK(stage.rehearsal.requests[0] == stage.rehearsal.requests[2]);
}

TEST_CASE("a device that was enrolled needs no token after a restart") {
  Stage stage;
  stage.start();
  REQUIRE(stage.until_told("subscribed"));
  stage.stop();
  stage.rehearsal.told.clear();
  auto later = stage.settings();
  later.token.clear();
  stage.start(later);
  REQUIRE(stage.until_told("subscribed"));
  CHECK(stage.rehearsal.requests.size() == 1);
}

TEST_CASE("what was configured is told again after a restart; what cannot be read is let go") {
  Stage stage;
  const auto told_after = [&](const char* kept) {
    expect(stage.disk.write("desired.json", kept));
    stage.rehearsal.told.clear();
    stage.start();
    REQUIRE(stage.until_told("state 1.0.0"));
    stage.stop();
    return stage.rehearsal.configured.back();
  };
  CHECK(told_after(R"({"interval":5})") == R"({"interval":5})");
  CHECK(told_after(R"({"interval":)") == "null");
  CHECK(told_after("[5]") == "null");
}

TEST_CASE("an offered release is fetched, tried, confirmed by a new connection, and reported") {
  Stage stage;
  stage.start();
  REQUIRE(stage.until_told("subscribed"));
  const std::string artifact(300'000, 'x');
  stage.rehearsal.told.clear();
  stage.rehearsal.offer(Maker::release("1.1.0", 1, artifact), artifact, 7);
  REQUIRE(stage.until_told("results installed"));
  CHECK(stage.device->status().firmware == "1.1.0");
  CHECK(stage.device->status().connects == 2);
  CHECK(stage.rehearsal.told.front() == "state 1.1.0");
  CHECK(*stage.disk.size("b/artifact") == artifact.size());
}

TEST_CASE("a release whose health check fails is reported and left, and the old one still runs") {
  Stage stage;
  stage.start();
  stage.device->set({.failing_versions = {"1.1.0"}});
  REQUIRE(stage.until_told("subscribed"));
  stage.rehearsal.offer(Maker::release("1.1.0", 1, "bad"), "bad", 7);
  REQUIRE(stage.until_told("results reverted"));
  CHECK(stage.device->status().firmware == "1.0.0");
  const auto& told = stage.rehearsal.told;
  const auto failed = std::ranges::find(told, "results failed");
  CHECK(failed < std::ranges::find(told, "results reverted"));
}

TEST_CASE("commands switch the slot and judge its health") {
  Stage stage;
  auto settings = stage.settings();
  settings.activate_command = "true";
  settings.health_command = "exit 3";
  stage.start(settings);
  REQUIRE(stage.until_told("subscribed"));
  stage.rehearsal.offer(Maker::release("1.1.0", 1, "x"), "x", 7);
  REQUIRE(stage.until_told("results reverted"));
  CHECK(stage.device->status().firmware == "1.0.0");
}

TEST_CASE("a release that is well and reached the controller is made to last before it counts") {
  Stage stage;
  auto settings = stage.settings();
  const auto told = std::filesystem::temp_directory_path() /
                    ("muster-lasts-" + std::to_string(::getpid()) + ".txt");
  SECTION("the command runs once, before the report") {
    settings.confirm_command = "echo lasts >> " + told.string();
    stage.start(settings);
    REQUIRE(stage.until_told("subscribed"));
    stage.rehearsal.offer(Maker::release("1.1.0", 1, "x"), "x", 7);
    REQUIRE(stage.until_told("results installed"));
    CHECK(stage.device->status().firmware == "1.1.0");
    std::ifstream in(told);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "lasts\n");
  }
  SECTION("what cannot be made to last is left") {
    settings.confirm_command = "test -e " + told.string() + " || ! touch " + told.string();
    stage.start(settings);
    REQUIRE(stage.until_told("subscribed"));
    stage.rehearsal.offer(Maker::release("1.1.0", 1, "x"), "x", 7);
    REQUIRE(stage.until_told("results reverted"));
    CHECK(stage.device->status().firmware == "1.0.0");
    CHECK(stage.device->status().phase == Phase::idle);
  }
  std::filesystem::remove(told);
}

TEST_CASE("an artifact that is not what was signed is never activated") {
  Stage stage;
  stage.start();
  REQUIRE(stage.until_told("subscribed"));
  stage.rehearsal.offer(Maker::release("1.1.0", 1, "right"), "wrong", 7);
  REQUIRE(stage.until_told("results failed"));
  CHECK(stage.device->status().firmware == "1.0.0");
  CHECK(*stage.disk.size("b/artifact") == 0);
}

TEST_CASE("a device that MQTT refuses is patched on the update path and comes back") {
  Stage stage;
  stage.rehearsal.refuse_mqtt = true;
  stage.start();
  REQUIRE(stage.until([&] { return stage.device->status().restricted; }));
  stage.rehearsal.offer(Maker::release("1.1.0", 1, "cure"), "cure", 7);
  REQUIRE(stage.until_told("results installed"));
  CHECK(stage.rehearsal.told == Told{"state 1.0.0", "state 1.1.0", "results installed"});
  CHECK_FALSE(stage.device->status().connected);
  CHECK(stage.rehearsal.readings.empty());
  stage.rehearsal.refuse_mqtt = false;
  REQUIRE(stage.until([&] { return stage.rehearsal.lines_up() == 1; }));
  CHECK_FALSE(stage.device->status().restricted);
  REQUIRE(stage.until([&] { return stage.device->status().acknowledged > 0; }));
}

TEST_CASE("readings that were not acknowledged are sent again on the next connection") {
  Stage stage;
  stage.rehearsal.keep_readings = false;
  stage.start();
  REQUIRE(stage.until([&] { return stage.rehearsal.readings.size() >= 2; }));
  const std::string first = stage.rehearsal.readings[0];
  stage.rehearsal.keep_readings = true;
  stage.rehearsal.cut();
  REQUIRE(stage.until([&] {
    return std::ranges::count(stage.rehearsal.readings, first) == 2 &&
           stage.device->status().acknowledged >= 2;
  }));
}

TEST_CASE("at two thirds of its life a certificate is renewed with a new key, and then replaced") {
  Stage stage;
  stage.start();
  REQUIRE(stage.until_told("subscribed"));
  const std::string before = **stage.disk.read("identity.pem");
  stage.clock.pass(45min);
  stage.rehearsal.cut();
  auto& seen = stage.rehearsal.certificates;
  REQUIRE(stage.until([&] { return seen.size() >= 2 && seen.back() != seen.front(); }));
  REQUIRE(stage.until([&] { return !*stage.disk.read("identity-next.pem"); }));
  CHECK(**stage.disk.read("identity.pem") != before);
  REQUIRE(stage.rehearsal.requests.size() == 2);
  CHECK(stage.rehearsal.requests[0] != stage.rehearsal.requests[1]);
}

TEST_CASE("a fault shows until the version that cures it") {
  Stage stage;
  stage.start();
  stage.device->set({.misbehaviour = Misbehaviour::out_of_range, .cured_by = "1.1.0"});
  const auto shows = [&] {
    return stage.rehearsal.readings.back().find("999") != std::string::npos;
  };
  REQUIRE(stage.until([&] { return !stage.rehearsal.readings.empty() && shows(); }));
  stage.rehearsal.offer(Maker::release("1.1.0", 1, "cure"), "cure", 7);
  REQUIRE(stage.until_told("results installed"));
  CHECK(stage.until([&] { return !shows(); }));
}
