// rollout/internal/test_world -- for tests and benches only: a fleet, a release it runs, a release
// it should run, and time that passes when told. The modules stand on a store of their own and can
// be reopened. The test's thread.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/test_folder.h"
#include "rollout/rollout.h"

namespace muster::rollout {

struct World {
  struct Fleet {
    int devices = 100;
    int from_factory = 0;  // of them, the first ones run what no release is
    std::uint64_t seed = 1;
    bool on_disk = false;  // as in the field, for figures; else in memory where that can be had
  };
  static constexpr Duration deadline = 300s;

  const ledger::Actor alice{"operator:alice", "admin"};
  TestFolder folder;
  ManualClock clock{instant(1'772'352'000'000)};
  SeededRandom random;
  const crypto::FileKey& key;
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<inventory::Inventory> inventory;
  std::optional<release::Releases> releases;
  std::optional<Rollouts> rollouts;

  std::vector<DeviceId> devices;
  std::string earlier, wanted;           // releases 1.0 and 1.1
  std::map<DeviceId, Decision> answers;  // the last ones
  std::set<DeviceId> reported;           // who said something by report()
  std::size_t offers = 0;                // different answers that told a device to run something
  std::vector<DeviceId> called;          // by on_offer, since it was last looked at

  static const crypto::FileKey& one_key() {
    static const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
    return key;
  }

  explicit World(Fleet fleet, const crypto::FileKey& with = one_key())
      : folder(fleet.on_disk ? std::filesystem::temp_directory_path() : in_memory()),
        random(fleet.seed),
        key(with) {
    open();
    earlier = publish("1.0", 0);
    wanted = publish("1.1", 0);
    for (int i = 0; i < fleet.devices; ++i) add(i, i < fleet.from_factory ? "" : earlier);
    commit();
  }

  static DeviceId device(int i) {
    return expect(DeviceId::parse("m-" + std::to_string(100000 + i)));
  }
  static ModelId model() { return expect(ModelId::parse("meter")); }

  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, key, clock, "test")));
    inventory.emplace(expect(inventory::Inventory::open(*store, *ledger, clock)));
    releases.emplace(
        expect(release::Releases::open(*store, *ledger, folder.path / "artifacts", key, clock)));
    rollouts.emplace(expect(Rollouts::open(*store, *ledger, *inventory, *releases, clock, random)));
    rollouts->on_offer([this](const DeviceId& d) { called.push_back(d); });
  }
  void commit() {
    ledger->seal();
    if (store->in_transaction()) store->commit();
  }
  void reopen() {
    commit();
    rollouts.reset();
    releases.reset();
    inventory.reset();
    ledger.reset();
    store.reset();
    open();
  }

  std::string publish(const std::string& version, std::uint64_t floor) {
    const auto path = releases->spool() / "image";
    std::ofstream(path) << version;
    const auto artifact = expect(releases->take_artifact(path, crypto::sha256(bytes_of(version)),
                                                         version.size(), {}, alice));
    return expect(releases->publish_online(model(), version, artifact.sha256, floor, alice)).id;
  }
  void add(int i, const std::string& release_id) {
    const auto id = device(i);
    expect(inventory->expect({.id = id, .model = model()}, alice));
    expect(inventory->activate(id, alice));
    expect(inventory->reported(id, release_id.empty() ? "f-0" : "1.0", release_id, {}));
    devices.push_back(id);
  }

  Plan plan(std::vector<Wave> waves) const {
    return {.release = wanted,
            .selector = inventory::Selector::everything(),
            .waves = std::move(waves),
            .deadline = deadline};
  }
  RolloutId start(std::vector<Wave> waves) {
    return expect(rollouts->start(plan(std::move(waves)), alice));
  }

  // Asks as a device does that connects.
  std::optional<Decision> ask(const DeviceId& d) {
    auto answer = rollouts->offer(d);
    const auto before = answers.find(d);
    if (!answer) {
      if (before != answers.end()) answers.erase(before);
      return answer;
    }
    if (before == answers.end() || before->second.number != answer->number) ++offers;
    answers.insert_or_assign(d, *answer);
    return answer;
  }
  void everybody_asks() {
    for (const auto& d : devices) ask(d);
  }
  // The next ones of those told to run the release go there, or fail to.
  std::vector<DeviceId> report(std::size_t count, Outcome outcome) {
    everybody_asks();
    std::vector<DeviceId> who;
    for (const auto& [d, answer] : answers)
      if (who.size() < count && !answer.back && !reported.contains(d)) who.push_back(d);
    for (const auto& d : who) {
      expect(rollouts->report(d, answers.at(d).release, outcome, "by the test"));
      reported.insert(d);
      if (outcome == Outcome::installed) expect(inventory->reported(d, "1.1", wanted, {}));
    }
    return who;
  }
  void pass(Duration d) {
    for (Duration step = 1s; d > 0s; d -= step) {
      step = std::min<Duration>(d, d > 1h ? 60s : 1s);
      clock.pass(step);
      rollouts->tick();
    }
  }
  Progress progress(RolloutId id) const { return expect(rollouts->progress(id)); }
  State state(RolloutId id) const { return progress(id).state; }
  std::vector<DeviceId> with(RolloutId id, Outcome outcome) const {
    std::vector<DeviceId> out;
    for (auto& t : expect(rollouts->targets(id, outcome, "", 10'000))) out.push_back(t.device);
    return out;
  }
};

}  // namespace muster::rollout
