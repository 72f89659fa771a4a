#include "agent/repository.h"

#include <catch2/catch.hpp>

#include "agent/internal/test_device.h"
#include "crypto/note.h"
#include "tuf/test_repository.h"
#include "wire/logged.h"

using namespace muster;
using namespace muster::agent;
using Catch::Matchers::Contains;
using wire::Json;

namespace {

const std::string image = "image of 2.0.0";

Json custom_of(const wire::ReleaseMetadata& release) {
  return Json::object({{"model", release.model.text()},
                       {"version", release.version},
                       {"sequence", release.sequence},
                       {"floor", release.floor}});
}

// A ledger of one entry.
struct Log {
  crypto::FileKey key = tuf::test_key();
  std::string trusted = crypto::verifier_key("log", key.public_key());

  wire::Logged entry(const std::string& action, const std::string& release_id) const {
    const std::string leaf =
        wire::to_text(Json::object({{"action", action}, {"target", "release/" + release_id}}));
    const crypto::TreeHead head{"log", 1, crypto::leaf_hash(bytes_of(leaf))};
    return {leaf, 0, expect(crypto::sign_note(crypto::tree_head_text(head), "log", key)), {}};
  }
};

// A device that was given a TUF root and the ledger's key, a repository that holds 2.0.0, and a
// controller that offers it.
struct Stage : RehearsedDevice {
  MemoryDisk disk;
  tuf::TestRepository repository{SystemClock{}.now()};
  Log log;
  wire::ReleaseMetadata release = Maker::release("2.0.0", 2, image);

  Stage() {
    repository.add("meter/2.0.0", image, custom_of(release));
    repository.publish();
    controller.trust.tuf_root = repository.first_root();
    controller.trust.ledger_key = log.trusted;
    rehearsal.logged = to_text(log.entry("release.published", Maker::id_of(release)));
  }
  ~Stage() {
    if (device) stop();
  }
  void offer(std::string_view bytes = image) {
    if (rehearsal.served.empty()) rehearsal.served = repository.files;
    open({.id = expect(DeviceId::parse("meter-1")),
          .token = "secret",
          .model = "meter",
          .factory_firmware = "1.0.0",
          .pace = {.interval = 20ms, .retry_first = 10ms, .retry_max = 50ms, .contact_within = 2s}},
         disk);
    rehearsal.offer(release, bytes, 7);
    device->start();
  }
  // What the device said of the offer: empty when it installed it.
  std::string verdict() {
    REQUIRE(until([&] { return !rehearsal.details.empty(); }));
    const bool installed = device->status().firmware == "2.0.0";
    CHECK(installed ==
          (std::ranges::find(rehearsal.told, "results installed") != rehearsal.told.end()));
    return installed ? "" : rehearsal.details.back();
  }
  std::string verdict_on_offer() {
    offer();
    return verdict();
  }
};

}  // namespace

TEST_CASE("a release is installed that the repository, the ledger and the controller agree on") {
  Stage stage;
  CHECK(stage.verdict_on_offer() == "");
  CHECK(*stage.disk.read("tuf/targets.json") == stage.repository.targets_text);
}

TEST_CASE("a release that the repository does not know is not installed, whoever assigned it") {
  Stage stage;
  stage.repository.targets.clear();
  stage.repository.publish();
  CHECK_THAT(stage.verdict_on_offer(), Contains("it does not know meter/2.0.0"));
}

TEST_CASE("a stolen online key alone cannot add a release to the repository") {
  Stage stage;
  stage.repository.publish_targets(tuf::TestRepository::sign(
      tuf::targets_content(++stage.repository.targets_version, stage.repository.expires,
                           stage.repository.targets),
      {&stage.repository.online}));
  CHECK_THAT(stage.verdict_on_offer(), Contains("targets, by the keys that root gives it: 0 of 1"));
}

TEST_CASE("an artifact that was swapped after signing is not installed") {
  Stage stage;
  stage.offer("image of 6.6.6");
  CHECK_THAT(stage.verdict(), Contains("digest is not the one"));
}

TEST_CASE("the repository and the controller must mean the same by a release") {
  Stage stage;
  stage.repository.add("meter/2.0.0", "another image", custom_of(stage.release));
  SECTION("another artifact") {
    stage.repository.publish();
    CHECK_THAT(stage.verdict_on_offer(), Contains("another artifact"));
  }
  SECTION("another sequence") {
    auto other = stage.release;
    other.sequence = 3;
    stage.repository.add("meter/2.0.0", image, custom_of(other));
    stage.repository.publish();
    CHECK_THAT(stage.verdict_on_offer(), Contains("another sequence"));
  }
  SECTION("another model") {
    auto other = stage.release;
    other.model = expect(ModelId::parse("gate"));
    stage.repository.add("meter/2.0.0", image, custom_of(other));
    stage.repository.publish();
    CHECK_THAT(stage.verdict_on_offer(), Contains("another model"));
  }
}

TEST_CASE("a release that is not in the ledger is not installed") {
  Stage stage;
  SECTION("nothing shows it") {
    stage.rehearsal.logged.clear();
    CHECK_THAT(stage.verdict_on_offer(), Contains("does not show"));
  }
  SECTION("another ledger's") {
    stage.rehearsal.logged = to_text(Log().entry("release.published", Maker::id_of(stage.release)));
    CHECK_THAT(stage.verdict_on_offer(), Contains("checkpoint"));
  }
  SECTION("an entry about something else") {
    stage.rehearsal.logged = to_text(stage.log.entry("release.published", "another"));
    CHECK_THAT(stage.verdict_on_offer(), Contains("something else"));
  }
  SECTION("an entry that is not in the tree") {
    auto logged = stage.log.entry("release.published", "another");
    logged.leaf = stage.log.entry("release.published", Maker::id_of(stage.release)).leaf;
    stage.rehearsal.logged = to_text(logged);
    CHECK_THAT(stage.verdict_on_offer(), Contains("not in the ledger"));
  }
}

TEST_CASE("a mirror that lies is found out") {
  Stage stage;
  const auto honest = stage.repository.files;
  auto& served = stage.rehearsal.served;
  SECTION("arbitrary metadata") {
    served = tuf::TestRepository(SystemClock{}.now()).files;
    CHECK_THAT(stage.verdict_on_offer(), Contains("timestamp: 0 of 1"));
  }
  SECTION("mixed metadata") {
    served = honest;
    served["2.targets.json"] = honest.at("1.targets.json");
    CHECK_THAT(stage.verdict_on_offer(), Contains("announced"));
  }
  SECTION("frozen metadata") {
    stage.repository.expires = stage.clock.now() - 1s;  // as if nothing newer were let through
    stage.repository.publish();
    served = stage.repository.files;
    CHECK_THAT(stage.verdict_on_offer(), Contains("has expired"));
  }
  SECTION("endless metadata") {
    served = honest;
    served["timestamp.json"] = std::string(1 << 20, ' ');
    CHECK_THAT(stage.verdict_on_offer(), Contains("more than 65536 bytes"));
  }
  SECTION("no metadata") {
    served = {{"nothing", ""}};
    CHECK_THAT(stage.verdict_on_offer(), Contains("does not have it"));
  }
  CHECK(stage.device->status().firmware == "1.0.0");
}

TEST_CASE("a device that has seen newer metadata is not led back to older") {
  Stage stage;
  const auto old = stage.repository.files;
  stage.repository.publish();
  CHECK(stage.verdict_on_offer() == "");
  stage.rehearsal.details.clear();
  stage.rehearsal.served = old;
  const auto again = Maker::release("2.0.1", 3, "image of 2.0.1");
  stage.rehearsal.logged = to_text(stage.log.entry("release.published", Maker::id_of(again)));
  stage.rehearsal.offer(again, "image of 2.0.1", 8);
  REQUIRE(stage.until([&] { return !stage.rehearsal.details.empty(); }));
  CHECK_THAT(stage.rehearsal.details.back(), Contains("goes back from version"));
}

TEST_CASE("a shelf that does not verify any more begins again from the provisioned root") {
  tuf::TestRepository repository;
  MemoryDisk disk;
  DiskShelf shelf(disk);
  expect(shelf.write("root.json", "torn"));
  auto client = expect(follow(shelf, repository.first_root(), tuf::test_start));
  expect(repository.feed(client));
  CHECK(client.ready());
  CHECK_FALSE(follow(shelf, "torn", tuf::test_start).value().ready());
  expect(disk.write("tuf/root.json", std::string(65 << 10, 'x')));
  CHECK_FALSE(shelf.read("root.json", 64 << 10));
  expect(shelf.remove("root.json"));
  CHECK_FALSE(follow(shelf, "torn", tuf::test_start));
}
