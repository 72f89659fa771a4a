#include "desk/answers.h"

#include <catch2/catch.hpp>

#include "base/file.h"
#include "desk/test_world.h"
#include "wire/update.h"

namespace muster::desk {
namespace {

using testing::ann;
using testing::device_id;
using testing::World;

const DeviceId meter = device_id("meter-1");

std::vector<ledger::Recorded> entries_of(World& world, const std::string& action) {
  std::vector<ledger::Recorded> out;
  for (auto& recorded : expect(world.whole.ledger.entries(0, 100'000)))
    if (recorded.entry.action == action) out.push_back(std::move(recorded));
  return out;
}

std::string roll_out(World& world, const std::string& version) {
  const std::string release = world.publish(version, "firmware " + version);
  expect(world.decide([&](Domain& d) {
    return d.rollouts.start({.release = release,
                             .selector = inventory::Selector::everything(),
                             .waves = {{.share_permille = 1000}}},
                            ann);
  }));
  return release;
}

}  // namespace

TEST_CASE("a certificate is told whom it stands for; an unknown one is refused and recorded") {
  World world;
  const auto certificate = world.enrol("meter-1");
  const auto grant = expect(world.ask(link::Hello{certificate, "198.51.100.7:4000"}));
  CHECK(grant.device == device_id("meter-1"));
  CHECK(grant.model.text() == "meter");
  CHECK_FALSE(grant.restricted);
  CHECK(grant.application.empty());
  CHECK(grant.serial.size() >= 16);

  const auto refused = world.ask(link::Hello{{}, "203.0.113.9:5000"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::unauthorized);
  const auto recorded = entries_of(world, "certificate.refused");
  REQUIRE(recorded.size() == 1);
  CHECK(recorded[0].entry.actor.role == "system");
}

TEST_CASE("an isolated device is let in restricted, and a blocked one not at all") {
  World world;
  const auto certificate = world.enrol("meter-1");
  expect(world.ask(link::Hello{certificate, "198.51.100.7:4000"}));
  expect(world.decide(
      [](Domain& d) { return d.segment.isolate(meter, segment::Level::restricted, ann, "odd"); }));
  CHECK(world.ask(link::Hello{certificate, "198.51.100.7:4000"})->restricted);

  expect(world.decide([](Domain& d) { return d.segment.release(meter, ann, "well again"); }));
  CHECK_FALSE(world.ask(link::Hello{certificate, "198.51.100.7:4000"})->restricted);

  expect(world.decide(
      [](Domain& d) { return d.segment.isolate(meter, segment::Level::blocked, ann, "stolen"); }));
  const auto blocked = world.ask(link::Hello{certificate, "198.51.100.7:4000"});
  REQUIRE_FALSE(blocked);
  CHECK(blocked.error().fault == Fault::forbidden);
  CHECK(blocked.error().message.find("stolen") != std::string::npos);
}

TEST_CASE("what the gateway refused is in the ledger, of a device as of a stranger") {
  World world;
  world.enrol("meter-1");
  expect(world.ask(link::Misuse{"meter-1", "topic.refused", "v1/devices/other/state"}));
  expect(world.ask(link::Misuse{"203.0.113.9:4000", "packet.malformed", "no MQTT"}));
  CHECK(entries_of(world, "topic.refused").at(0).entry.target == "device/meter-1");
  CHECK(entries_of(world, "packet.malformed").at(0).entry.target == "nobody");
}

TEST_CASE("a device may fetch the artifact of the release it is offered, and nothing else") {
  World world;
  world.bring("meter-1");
  const std::string other = world.publish("0.9.0", "older firmware");
  CHECK_FALSE(
      world.ask(link::Fetch{meter, world.whole.releases.find(other)->metadata.artifact_sha256}));
  const std::string release = roll_out(world, "1.1.0");
  const auto& metadata = world.whole.releases.find(release)->metadata;
  const auto file = expect(world.ask(link::Fetch{meter, metadata.artifact_sha256}));
  CHECK(file.size == metadata.artifact_size);
  CHECK(std::filesystem::file_size(file.path) == file.size);
  for (const std::string& wrong : {world.whole.releases.find(other)->metadata.artifact_sha256,
                                   std::string("../muster.db"), std::string()})
    CHECK(world.ask(link::Fetch{meter, wrong}).error().fault == Fault::forbidden);
  CHECK(world.ask(link::Fetch{device_id("meter-2"), metadata.artifact_sha256}).error().fault ==
        Fault::forbidden);
}

TEST_CASE("a device that takes less gets less, under a tag of its own") {
  World world;
  world.bring("meter-1");
  const std::string release = roll_out(world, "1.1.0");
  const auto sha256 = world.whole.releases.find(release)->metadata.artifact_sha256;
  const auto packing = world.whole.releases.next_packing({});
  REQUIRE(packing);
  expect(write_file(packing->to, "z"));
  expect(world.whole.releases.packed(*packing, 1));
  const auto whole = expect(world.ask(link::Fetch{meter, sha256}));
  CHECK(whole.coding.empty());
  CHECK(whole.tag == '"' + sha256 + '"');
  const auto small = expect(world.ask(link::Fetch{meter, sha256, true}));
  CHECK(small.coding == "zstd");
  CHECK(small.tag != whole.tag);
  CHECK(small.size == 1);
}

TEST_CASE("a device that asks what to run gets both envelopes, and nothing once it has it") {
  World world;
  world.bring("meter-1");
  CHECK(world.ask(link::GetUpdate{meter}).value() == wire::no_offer());
  const std::string release = roll_out(world, "1.1.0");
  const auto offer = expect(wire::parse_offer(world.ask(link::GetUpdate{meter}).value()));
  REQUIRE(offer);
  const auto assignment =
      expect(wire::read_assignment(expect(wire::parse_envelope(offer->assignment)).content));
  CHECK(assignment.device == meter);
  CHECK(assignment.release_id == release);
  expect(world.ask(link::Report{
      meter, wire::to_text(wire::UpdateReport{release, wire::UpdateOutcome::installed, ""})}));
  expect(world.ask(
      link::State{meter, wire::to_text(wire::ReportedState{
                             .firmware = "1.1.0", .release_id = release, .sequence = 1})}));
  CHECK(world.whole.inventory.find(meter)->firmware == "1.1.0");
  CHECK(world.whole.inventory.find(meter)->release_id == release);
}

TEST_CASE("a report or a state that is not well formed is refused with the member at fault") {
  World world;
  world.bring("meter-1");
  world.desk.drain();
  const auto size = world.whole.ledger.size();
  struct {
    const char *payload, *field;
  } reports[] = {
      {"", ""},
      {"[]", ""},
      {R"({"release_id":"x","outcome":"installed"})", "/release_id"},
      {R"({"outcome":"installed"})", "/release_id"},
      {R"({"release_id":"0000000000000000000000000000000000000000000000000000000000000000",)"
       R"("outcome":"fine"})",
       "/outcome"}};
  for (const auto& [payload, field] : reports) {
    INFO(payload);
    const auto refused = world.ask(link::Report{meter, payload});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::invalid);
    CHECK_FALSE(refused.error().message.empty());
    CHECK(refused.error().field == field);
  }
  for (const char* payload : {"", "{}", R"({"firmware":""})", R"({"firmware":7})",
                              R"({"firmware":"1.0","config":[]})", R"({"firmware":"1.0","x":1})"}) {
    INFO(payload);
    const auto refused = world.ask(link::State{meter, payload});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::invalid);
    CHECK_FALSE(refused.error().message.empty());
  }
  CHECK(world.whole.ledger.size() == size);
  CHECK_FALSE(world.ask(link::State{device_id("nobody"), R"({"firmware":"1.0"})"}));
}

TEST_CASE("an enrolment whose key is no key is refused, and the revocation list is always there") {
  World world;
  const auto token = expect(world.decide([](Domain& d) {
    return d.identity.expect({.id = meter, .model = testing::model_id("meter")}, ann);
  }));
  const auto refused = world.ask(
      link::Enrol{"meter-1", token.text, Bytes(3, 0x30), {}, "meter-1", "198.51.100.7:1"});
  CHECK_FALSE(refused);
  CHECK_FALSE(expect(world.ask(link::GetCrl{})).empty());
  CHECK_FALSE(world.ask(link::Renew{{}, Bytes{}, {}, "", "198.51.100.7:1"}));
}

}  // namespace muster::desk
