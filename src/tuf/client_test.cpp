#include "tuf/client.h"

#include <catch2/catch.hpp>

#include "base/test_folder.h"
#include "tuf/test_repository.h"

using namespace muster;
using namespace muster::tuf;
using Catch::Matchers::Contains;

namespace {

struct Device {
  MemoryShelf shelf;
  explicit Device(const TestRepository& repository) {
    expect(shelf.write("root.json", repository.first_root()));
  }
  bool has(const std::string& name) const { return expect(shelf.read(name, 1 << 20)).has_value(); }
};

std::string refusal(const Result<Client>& refused) {
  REQUIRE_FALSE(refused);
  return refused.error().message;
}

}  // namespace

TEST_CASE("a client asks for the next root, the timestamp, the snapshot and the targets") {
  TestRepository repository;
  Device device(repository);
  auto client = expect(Client::open(device.shelf, test_start));
  std::vector<std::string> asked;
  while (client.wants()) {
    asked.push_back(client.wants()->path);
    const auto file = repository.files.find(asked.back());
    expect(file == repository.files.end() ? client.missing() : client.take(file->second));
  }
  CHECK(asked == std::vector<std::string>{"2.root.json", "timestamp.json", "1.snapshot.json",
                                          "1.targets.json"});
  CHECK(client.ready());
  CHECK(device.has("targets.json"));
}

TEST_CASE("a target is found with what its publisher says of it, and nothing else is") {
  TestRepository repository;
  repository.add("meter/1.0", "image", wire::Json::object({{"sequence", 7}}));
  repository.publish();
  Device device(repository);
  auto client = expect(repository.refresh(device.shelf));
  expect(client.search("meter/1.0"));
  REQUIRE(client.found());
  CHECK(client.found()->length == 5);
  CHECK(*client.found()->custom.find("sequence") == wire::Json(7));
  CHECK(client.path_of("meter/1.0", *client.found()) ==
        "meter/" + client.found()->hashes.sha256 + ".1.0");
  expect(client.search("meter/2.0"));
  CHECK_FALSE(client.found());
}

TEST_CASE("arbitrary metadata, signed by nobody we know, changes nothing") {
  TestRepository repository, stranger;
  Device device(repository);
  expect(repository.refresh(device.shelf));
  for (const char* file : {"timestamp.json", "2.snapshot.json", "2.targets.json"}) {
    TestRepository bent = std::move(stranger);
    stranger = TestRepository();
    bent.publish();
    CAPTURE(file);
    TestRepository mixed;
    mixed.files = repository.files;
    mixed.files[file] = bent.files.at(file);
    if (std::string(file) == "timestamp.json")
      CHECK_THAT(refusal(mixed.refresh(device.shelf)), Contains("0 of 1"));
    CHECK(repository.refresh(device.shelf));
  }
  // The stranger's whole repository, with its own root chain.
  stranger.publish_root({&stranger.root_key});
  CHECK_THAT(refusal(stranger.refresh(device.shelf)), Contains("by the keys of root 1"));
}

TEST_CASE("older metadata is refused even when it has not expired") {
  TestRepository repository;
  Device device(repository);
  const auto old = repository.files;
  repository.publish();
  expect(repository.refresh(device.shelf));
  TestRepository mirror;
  mirror.files = old;
  CHECK_THAT(refusal(mirror.refresh(device.shelf)), Contains("goes back from version 2 to 1"));
}

TEST_CASE("a mix of old and new metadata is refused") {
  TestRepository repository;
  Device device(repository);
  const auto old = repository.files;
  repository.publish();
  TestRepository mirror;
  mirror.files = repository.files;
  mirror.files["2.targets.json"] = old.at("1.targets.json");
  CHECK_THAT(refusal(mirror.refresh(device.shelf)), Contains("announced"));
  mirror.files = repository.files;
  mirror.files["2.snapshot.json"] = old.at("1.snapshot.json");
  Device other(repository);
  CHECK_THAT(refusal(mirror.refresh(other.shelf)), Contains("announced"));
}

TEST_CASE("metadata that is frozen is refused once it has expired") {
  TestRepository repository;
  Device device(repository);
  expect(repository.refresh(device.shelf));
  CHECK_THAT(refusal(repository.refresh(device.shelf, repository.expires)),
             Contains("has expired"));
  CHECK(repository.refresh(device.shelf, repository.expires - 1ms));
}

TEST_CASE("endless metadata is refused by its size before it is read") {
  TestRepository repository;
  Device device(repository);
  for (const char* file : {"2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}) {
    CAPTURE(file);
    TestRepository mirror;
    mirror.files = repository.files;
    mirror.files[file] = std::string(9 << 20, ' ');
    const auto refused = mirror.refresh(device.shelf);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);
  }
}

TEST_CASE("a stolen online key alone publishes no target") {
  TestRepository repository;
  Device device(repository);
  expect(repository.refresh(device.shelf));
  repository.add("meter/9.9", "malware");
  repository.publish_targets(TestRepository::sign(
      targets_content(++repository.targets_version, repository.expires, repository.targets),
      {&repository.online}));
  CHECK_THAT(refusal(repository.refresh(device.shelf)),
             Contains("targets, by the keys that root gives it: 0 of 1"));
}

TEST_CASE("a root needs the threshold of the one before and its own, and is one version on") {
  TestRepository repository;
  Device device(repository);
  const auto second = test_key();
  repository.plan.root = {{repository.root_key.public_key(), second.public_key()}, 2};
  repository.publish_root({&repository.root_key});
  CHECK_THAT(refusal(repository.refresh(device.shelf)), Contains("by its own keys: 1 of 2"));
  --repository.plan.version;
  repository.publish_root({&second});
  CHECK_THAT(refusal(repository.refresh(device.shelf)), Contains("by the keys of root 1: 0 of 1"));
  --repository.plan.version;
  repository.publish_root({&repository.root_key, &second});
  CHECK(repository.refresh(device.shelf)->root().version == 2);
  repository.files["3.root.json"] = repository.files.at("2.root.json");
  CHECK_THAT(refusal(repository.refresh(device.shelf)), Contains("must be version 3"));
}

TEST_CASE("when the online key is replaced, what it was sent ahead to is forgotten") {
  TestRepository repository;
  Device device(repository);
  repository.timestamp_version = repository.snapshot_version = 1'000'000;
  repository.publish();
  expect(repository.refresh(device.shelf));
  repository.online = test_key();
  repository.plan.timestamp.keys = repository.plan.snapshot.keys = {repository.online.public_key()};
  repository.publish_root({&repository.root_key});
  repository.timestamp_version = repository.snapshot_version = 0;
  repository.publish();
  CHECK(repository.refresh(device.shelf)->timestamp_version() == 1);
}

TEST_CASE("what was verified before a failure stays, and the next try goes on from there") {
  TestRepository repository;
  Device device(repository);
  repository.publish_root({&repository.root_key});
  const std::string kept = repository.files.at("timestamp.json");
  repository.files.erase("timestamp.json");
  CHECK_THAT(refusal(repository.refresh(device.shelf)), Contains("timestamp.json"));
  CHECK(expect(Client::open(device.shelf, test_start)).root().version == 2);
  repository.files["timestamp.json"] = kept;
  CHECK(repository.refresh(device.shelf));
}

TEST_CASE("a shelf that was meddled with gives nothing that is not signed") {
  TestRepository repository;
  repository.add("meter/1.0", "image");
  repository.publish();
  Device device(repository);
  expect(repository.refresh(device.shelf));
  TestRepository stranger;
  stranger.add("meter/1.0", "malware");
  stranger.publish();
  for (const char* name : {"timestamp", "snapshot", "targets"})
    expect(device.shelf.write(
        std::string(name) + ".json",
        stranger.files.at((name[1] == 'i' ? "" : "2.") + (std::string(name) + ".json"))));
  auto client = expect(repository.refresh(device.shelf));
  expect(client.search("meter/1.0"));
  CHECK(client.found()->length == 5);
  expect(device.shelf.write("root.json", "{}"));
  CHECK_FALSE(Client::open(device.shelf, test_start));
}

TEST_CASE("a client that failed wants nothing and finds nothing") {
  TestRepository repository;
  Device device(repository);
  auto client = expect(Client::open(device.shelf, test_start));
  REQUIRE_FALSE(client.take("nonsense"));
  CHECK_FALSE(client.wants());
  CHECK_FALSE(client.take("{}"));
  CHECK_FALSE(client.missing());
  CHECK_FALSE(client.search("meter/1.0"));
  CHECK_FALSE(client.ready());
}

TEST_CASE("a folder keeps trusted metadata between clients") {
  TestRepository repository;
  TestFolder folder;
  auto shelf = expect(FolderShelf::open(folder.path / "metadata"));
  CHECK_FALSE(Client::open(shelf, test_start));
  expect(shelf.write("root.json", repository.first_root()));
  expect(repository.refresh(shelf));
  auto again = expect(FolderShelf::open(folder.path / "metadata"));
  auto client = expect(Client::open(again, test_start));
  expect(client.missing());
  CHECK(client.wants()->path == "timestamp.json");
  expect(client.take(repository.files.at("timestamp.json")));
  CHECK(client.ready());  // the rest is on the shelf
  expect(again.remove("snapshot.json"));
  expect(again.remove("snapshot.json"));
  CHECK_FALSE(*again.read("snapshot.json", 100));
}
