// How a device leaves: what it is told, what it says, and what is left of it.
#include <catch2/catch.hpp>

#include "agent/agent.h"
#include "agent/data_key.h"
#include "agent/internal/test_device.h"
#include "agent/outbox.h"
#include "base/test_folder.h"

using namespace muster;
using namespace muster::agent;
using Catch::Matchers::Contains;

namespace {

const DeviceId meter = expect(DeviceId::parse("meter-1"));

// A device on a disk that outlives it, and its controller, on one loop.
struct Stage : RehearsedDevice {
  TestFolder folder;
  FolderDisk disk = expect(FolderDisk::open(folder.path / "state"));
  int told = 0;  // that it has retired

  AgentSettings settings() const {
    return {.id = meter,
            .token = "secret",
            .model = "meter",
            .factory_firmware = "1.0.0",
            .health_command = {},
            .activate_command = {},
            .pace = {.interval = 20ms, .retry_first = 10ms, .retry_max = 100ms}};
  }
  void start(const AgentSettings& with) {
    open(with, disk);
    device->on_retired([this] { ++told; });
    device->start();
  }
  void start() { start(settings()); }
  ~Stage() {
    if (device) stop();
  }
  void enrol() {
    start();
    REQUIRE(until([&] { return device->status().acknowledged >= 1; }));
  }

  std::string order(const crypto::SigningKey& by, const DeviceId& device_id = meter,
                    Duration within = 1h) const {
    return Maker::sign(wire::to_json(wire::WipeOrder{.device = device_id,
                                                     .number = 9,
                                                     .nonce = Bytes(32, 1),
                                                     .issued = clock.now(),
                                                     .deadline = clock.now() + within}),
                       by);
  }
  // As a controller does: MQTT refuses it, its door has an order.
  void retire(std::string envelope) {
    rehearsal.order = std::move(envelope);
    rehearsal.refuse_mqtt = true;
    rehearsal.cut();
  }
  void retire() { retire(order(rehearsal.maker.assignment_key)); }
  bool there(const char* name) const { return std::filesystem::exists(disk.path(name)); }
};

}  // namespace

TEST_CASE("an ordered device wipes itself, says so by its key, and ends for good") {
  Stage s;
  s.enrol();
  REQUIRE(s.there(DataKey::file));
  s.retire();
  REQUIRE(s.until([&] { return s.told == 1; }));
  REQUIRE(s.rehearsal.statements.size() == 1);
  const auto said = expect(wire::parse_statement(s.rehearsal.statements[0]));
  CHECK(said.device == meter);
  CHECK(said.order == 9);
  CHECK(said.nonce == Bytes(32, 1));
  CHECK(said.method == wire::Method::clear);
  for (const char* name : {DataKey::file, Wipe::outbox_name, "identity.pem", "request.json"})
    CHECK_FALSE(s.there(name));
  CHECK(s.device->status().retired);
  s.stop();

  s.rehearsal.refuse_mqtt = false;
  s.rehearsal.order.clear();
  const auto asked = s.rehearsal.requests.size();
  s.start();  // with a token that would do
  CHECK(s.device->status().retired);
  // By the time that one which starts after it is at work, it would have asked too.
  FolderDisk other = expect(FolderDisk::open(s.folder.path / "other"));
  const auto fresh = expect(Agent::open(s.loop, s.controller, *s.handshakes, s.settings(), other,
                                        s.readings, s.clock, s.random));
  fresh->start();
  REQUIRE(s.until([&] { return fresh->status().acknowledged >= 1; }));
  CHECK(s.rehearsal.requests.size() == asked + 1);
  net::run(s.loop, fresh->stop());
}

TEST_CASE(
    "an order that is not for it, not from us, or too late is refused aloud and changes nothing") {
  Stage s;
  s.enrol();
  const auto stranger = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  const std::pair<std::string, const char*> orders[] = {
      {s.order(stranger), "not signed by a key this device trusts"},
      {s.order(s.rehearsal.maker.assignment_key, expect(DeviceId::parse("meter-2"))),
       "is for meter-2"},
      {s.order(s.rehearsal.maker.assignment_key, meter, -1s), "was good until"}};
  std::size_t said = 0;
  for (const auto& [envelope, words] : orders) {
    s.retire(envelope);
    ++said;
    REQUIRE(s.until([&] { return s.rehearsal.refusals.size() == said; }));
    CHECK_THAT(s.rehearsal.refusals.back(), Contains(words));
  }
  CHECK(s.there(DataKey::file));
  CHECK_FALSE(s.device->status().retired);
  s.rehearsal.order.clear();
  s.rehearsal.refuse_mqtt = false;
  const auto before = s.device->status().acknowledged;
  REQUIRE(s.until([&] { return s.device->status().acknowledged > before; }));
  CHECK(s.rehearsal.refusals.size() == said);
}

TEST_CASE("a statement that was not heard is brought again, the very same, also after a restart") {
  Stage s;
  s.enrol();
  s.rehearsal.deaf = 1'000'000;
  s.retire();
  REQUIRE(s.until([&] { return s.rehearsal.deaf < 999'998; }));
  CHECK(s.there("identity.pem"));
  CHECK_FALSE(s.there(DataKey::file));
  s.stop();
  const auto stated = expect(Wipe::open(s.disk, meter)).record().statement.statement;
  CHECK_FALSE(stated.empty());
  s.rehearsal.deaf = 0;
  s.start();
  REQUIRE(s.until([&] { return s.told == 1; }));
  CHECK(s.rehearsal.statements == std::vector{stated});
  CHECK_FALSE(s.there("identity.pem"));
}

TEST_CASE("a device that is given up after its deadline ends its identity all the same") {
  Stage s;
  s.enrol();
  s.rehearsal.given_up = true;
  s.retire();
  REQUIRE(s.until([&] { return expect(Wipe::open(s.disk, meter)).phase() == WipePhase::stated; }));
  CHECK(s.there("identity.pem"));
  CHECK(s.told == 0);
  s.clock.pass(2h);
  REQUIRE(s.until([&] { return s.told == 1; }));
  CHECK_FALSE(s.there("identity.pem"));
  CHECK(s.rehearsal.statements.empty());
}

TEST_CASE("without the success of the device's own wipe there is no statement") {
  Stage s;
  auto with = s.settings();
  const auto go = s.folder.path / "go";
  with.wipe_command = "test -e " + go.string();
  with.wipe_technique = "ATA SANITIZE CRYPTO SCRAMBLE";
  with.wipe_method = wire::Method::purge;
  s.start(with);
  REQUIRE(s.until([&] { return s.device->status().acknowledged >= 1; }));
  s.retire();
  REQUIRE(s.until([&] { return !s.there(DataKey::file); }));
  CHECK(expect(Wipe::open(s.disk, meter)).phase() == WipePhase::ordered);
  CHECK(s.rehearsal.statements.empty());
  std::ofstream(go) << "now";
  REQUIRE(s.until([&] { return s.told == 1; }));
  const auto said = expect(wire::parse_statement(s.rehearsal.statements.at(0)));
  CHECK(said.method == wire::Method::purge);
  CHECK_THAT(said.technique, Contains("CRYPTO SCRAMBLE"));
}

TEST_CASE("readings that nobody acknowledged survive a restart, sealed") {
  Stage s;
  s.rehearsal.keep_readings = false;
  s.start();
  REQUIRE(s.until([&] { return s.rehearsal.readings.size() >= 3; }));
  s.stop();
  REQUIRE(s.there(Wipe::outbox_name));
  const auto sealed = *expect(s.disk.read(Wipe::outbox_name));
  const auto plain = *expect(expect(DataKey::open(s.disk)).kept(Wipe::outbox_name));
  const auto kept = expect(readings_of(plain));
  CHECK(kept.size() >= 3);
  CHECK(sealed.find(std::string(text_of(plain)).substr(0, 8)) == std::string::npos);

  s.rehearsal.keep_readings = true;
  s.rehearsal.readings.clear();
  s.clock.pass(1min);
  s.start();
  REQUIRE(s.until([&] { return s.device->status().acknowledged >= 2; }));
  const auto first = std::to_string(millis(kept.front().at) / 1000);
  CHECK_THAT(s.rehearsal.readings.front(), Contains(first));
  REQUIRE(s.until([&] { return !s.there(Wipe::outbox_name); }));
}
