#include "release/repository.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "base/test_folder.h"
#include "release/release.h"
#include "tuf/client.h"
#include "tuf/publish.h"
#include "wire/logged.h"
#include "wire/update.h"

using namespace muster;
using namespace muster::release;
using Catch::Matchers::Contains;
using wire::Json;

namespace {

const ledger::Actor alice{"operator:alice", "operator"};

crypto::FileKey new_key() {
  return expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
}

// A controller with a release, meter 1.0, and engineers with keys of their own.
struct Bench {
  TestFolder folder;
  ManualClock clock{expect(parse_rfc3339("2026-03-01T08:00:00.000Z"))};
  crypto::FileKey online = new_key(), root_key = new_key(), targets_key = new_key();
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<Releases> releases;
  tuf::RootPlan plan{.expires = clock.now() + days(365)};
  tuf::MemoryShelf device;
  std::string release_id;

  static constexpr Duration days(int n) { return std::chrono::hours(24 * n); }

  Bench() {
    open();
    plan.root.keys = {root_key.public_key()};
    plan.targets.keys = {targets_key.public_key()};
    plan.timestamp.keys = plan.snapshot.keys = {online.public_key()};
    release_id = publish("1.0");
  }
  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, online, clock, "test")));
    releases.emplace(
        expect(Releases::open(*store, *ledger, folder.path / "artifacts", online, clock)));
  }
  void commit() {
    ledger->seal();
    store->commit();
  }
  void reopen() {
    commit();
    releases.reset();
    ledger.reset();
    store.reset();
    open();
  }
  std::string publish(std::string version) {
    const std::string image = "image of " + version;
    const auto upload = releases->spool() / "upload";
    std::ofstream(upload) << image;
    const auto artifact = expect(
        releases->take_artifact(upload, crypto::sha256(bytes_of(image)), image.size(), {}, alice));
    return expect(releases->publish_online(expect(ModelId::parse("meter")), version,
                                           artifact.sha256, {}, alice))
        .id;
  }
  std::string root(const crypto::SigningKey& key) {
    const crypto::SigningKey* const keys[] = {&key};
    return expect(tuf::signed_text(tuf::root_content(plan), keys));
  }
  std::map<std::string, tuf::Target, std::less<>> all_targets() {
    std::map<std::string, tuf::Target, std::less<>> out;
    for (const Release* each : releases->list({})) {
      const auto& m = each->metadata;
      out[m.model.text() + "/" + m.version] = {m.artifact_size,
                                               {.sha256 = m.artifact_sha256},
                                               Json::object({{"model", m.model.text()},
                                                             {"version", m.version},
                                                             {"sequence", m.sequence},
                                                             {"floor", m.floor}})};
    }
    return out;
  }
  std::string targets(std::int64_t version,
                      const std::map<std::string, tuf::Target, std::less<>>& of,
                      const crypto::SigningKey* by = nullptr) {
    const crypto::SigningKey* const keys[] = {by ? by : &targets_key};
    return expect(
        tuf::signed_text(tuf::targets_content(version, clock.now() + days(90), of), keys));
  }
  Result<void> begin() {
    return releases->publish_metadata(root(root_key), targets(1, all_targets()), alice);
  }
  // A device's own refresh against what is served.
  Result<tuf::Client> refresh() {
    if (!*device.read("root.json", 1 << 16))
      expect(device.write("root.json", expect(releases->repository().metadata("1.root.json"))));
    TRY(auto client, tuf::Client::open(device, clock.now()));
    while (client.wants()) {
      const auto text = releases->repository().metadata(client.wants()->path);
      TRY_VOID(text ? client.take(*text) : client.missing());
    }
    return client;
  }
};

std::string refusal(const Result<void>& refused) {
  REQUIRE_FALSE(refused);
  return refused.error().field + ": " + refused.error().message;
}

}  // namespace

TEST_CASE("what was published offline is served with a snapshot and a timestamp") {
  Bench bench;
  CHECK(bench.releases->repository().empty());
  CHECK_FALSE(bench.releases->repository().metadata("timestamp.json"));
  expect(bench.begin());
  auto client = expect(bench.refresh());
  expect(client.search("meter/1.0"));
  REQUIRE(client.found());
  const auto path = client.path_of("meter/1.0", *client.found());
  CHECK(expect(bench.releases->target_file(path)).sha256 == client.found()->hashes.sha256);
  const auto status = bench.releases->repository().status();
  CHECK((status.root == 1 && status.targets == 1 && status.releases == 1));
  CHECK(bench.ledger->about("repository/tuf", 1)->front().entry.action == "repository.published");
}

TEST_CASE("a repository is as it was after a restart") {
  Bench bench;
  expect(bench.begin());
  const std::string timestamp = *bench.releases->repository().metadata("timestamp.json");
  bench.reopen();
  CHECK(*bench.releases->repository().metadata("timestamp.json") == timestamp);
  CHECK(bench.refresh());
  expect(bench.begin());  // the same again changes nothing
  CHECK(*bench.releases->repository().metadata("timestamp.json") == timestamp);
}

TEST_CASE("a repository begins with a root and targets, and gives its online roles to us") {
  Bench bench;
  CHECK_THAT(refusal(bench.releases->publish_metadata({}, bench.targets(1, {}), alice)),
             Contains("begin with a root and targets"));
  CHECK_THAT(refusal(bench.releases->publish_metadata({}, {}, alice)), Contains("give a root"));
  bench.plan.snapshot.keys = {bench.targets_key.public_key()};
  CHECK_THAT(refusal(bench.begin()), Contains("this controller's online key"));
  bench.plan.snapshot.keys = {bench.online.public_key()};
  bench.plan.version = 2;
  CHECK_THAT(refusal(bench.begin()), Contains("must be version 1"));
  CHECK(bench.releases->repository().empty());
}

TEST_CASE("targets need the offline keys, go forward, and name releases as they were published") {
  Bench bench;
  expect(bench.begin());
  const auto served = *bench.releases->repository().metadata("timestamp.json");
  const auto put = [&](std::string text) {
    return bench.releases->publish_metadata({}, std::move(text), alice);
  };
  auto all = bench.all_targets();
  CHECK_THAT(refusal(put(bench.targets(2, all, &bench.online))), Contains("0 of 1"));
  CHECK_THAT(refusal(put(bench.targets(1, {}))), Contains("above version 1"));
  auto changed = all;
  changed["meter/9.9"] = all.at("meter/1.0");
  CHECK_THAT(refusal(put(bench.targets(2, changed))), Contains("names no release"));
  changed = all;
  changed["meter/1.0"].length = 1;
  CHECK_THAT(refusal(put(bench.targets(2, changed))), Contains("is not the artifact"));
  changed = all;
  changed["meter/1.0"].custom.set("sequence", 77);
  CHECK_THAT(refusal(put(bench.targets(2, changed))), Contains("must be the release's"));
  CHECK_FALSE(put("{}"));
  CHECK(*bench.releases->repository().metadata("timestamp.json") == served);
  bench.publish("1.1");
  expect(put(bench.targets(2, bench.all_targets())));
  auto client = expect(bench.refresh());
  expect(client.search("meter/1.1"));
  CHECK(client.found());
}

TEST_CASE("a root follows from the one before, and takes the targets along") {
  Bench bench;
  expect(bench.begin());
  const auto thief = new_key(), next = new_key();
  bench.plan.version = 2;
  CHECK_THAT(refusal(bench.releases->publish_metadata(bench.root(thief), {}, alice)),
             Contains("0 of 1"));
  bench.plan.targets.keys = {next.public_key()};
  CHECK_THAT(refusal(bench.releases->publish_metadata(bench.root(bench.root_key), {}, alice)),
             Contains("targets, by the keys that root gives it"));
  expect(bench.releases->publish_metadata(bench.root(bench.root_key),
                                          bench.targets(2, bench.all_targets(), &next), alice));
  CHECK(bench.refresh()->root().version == 2);
  bench.plan.version = 4;
  CHECK_THAT(refusal(bench.releases->publish_metadata(bench.root(bench.root_key), {}, alice)),
             Contains("must be version 3"));
}

TEST_CASE("expired metadata is not taken") {
  Bench bench;
  bench.plan.expires = bench.clock.now();
  CHECK_THAT(refusal(bench.begin()), Contains("has expired"));
}

TEST_CASE("timestamp and snapshot are signed anew before they expire, and devices follow") {
  Bench bench;
  CHECK_FALSE(*bench.releases->renew_metadata());
  expect(bench.begin());
  expect(bench.refresh());
  CHECK_FALSE(*bench.releases->renew_metadata());
  for (int day = 0; day < 20; ++day) {
    bench.clock.pass(13h);
    CHECK(*bench.releases->renew_metadata());
    CHECK_FALSE(*bench.releases->renew_metadata());
    REQUIRE(bench.refresh());
  }
  CHECK(bench.releases->repository().status().timestamp == 21);
  CHECK(bench.releases->repository().status().snapshot >= 3);
  bench.reopen();
  CHECK(bench.refresh());
  bench.clock.pass(25h);
  CHECK_FALSE(bench.refresh());
}

TEST_CASE("only what the targets name is served, by its path and hash together") {
  Bench bench;
  expect(bench.begin());
  const auto sha256 = bench.releases->list({}).front()->metadata.artifact_sha256;
  CHECK(bench.releases->target_file("meter/" + sha256 + ".1.0"));
  for (const std::string& path :
       {"meter/" + sha256 + ".1.1", "meter/" + std::string(64, 'a') + ".1.0", sha256,
        "meter/" + sha256, std::string("meter/1.0"), std::string()})
    CHECK_FALSE(bench.releases->target_file(path));
  for (const char* name : {"root.json", "01.root.json", "1.timestamp.json", "2.root.json", "1.root",
                           "x.root.json", "1.release.json", ""})
    CHECK_FALSE(bench.releases->repository().metadata(name));
}

TEST_CASE("an offer shows that its release is in the ledger, once a head was signed over it") {
  Bench bench;
  const auto meter = expect(DeviceId::parse("meter-1"));
  const auto logged_of = [&] {
    const auto offer =
        expect(wire::parse_offer(expect(bench.releases->offer(meter, bench.release_id, 1, false))));
    return offer->logged;
  };
  CHECK(logged_of() == "");
  bench.commit();
  const auto logged = expect(wire::parse_logged(logged_of()));
  const auto entry = expect(bench.ledger->entry(logged.index));
  CHECK(entry.entry.action == "release.published");
  CHECK(crypto::verify_inclusion(crypto::leaf_hash(bytes_of(logged.leaf)), logged.index,
                                 bench.ledger->checkpoint().size, logged.proof,
                                 bench.ledger->checkpoint().root));
}
