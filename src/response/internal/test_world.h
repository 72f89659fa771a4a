// What the tests of response share: a fleet on a temporary file, and a clock that stands.
// The test's thread.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/test_folder.h"
#include "response/response.h"

namespace muster::response {

inline const Instant start = instant(1'795'000'000'000);

inline ledger::Actor alice() {
  return {"operator:alice", "operator"};
}

using Folder = TestFolder;

// Active meters m-1 to m-9, an expected one e-1, a retired one r-1.
struct World {
  explicit World(Settings set = {}) : settings(set) {
    open();
    add("e-1");
    for (int i = 1; i <= 9; ++i) add("m-" + std::to_string(i), true);
    add("r-1", true);
    expect(inventory->retire(id("r-1"), alice(), "scrapped"));
  }
  void add(const std::string& name, bool active = false) {
    expect(inventory->expect({.id = id(name), .model = expect(ModelId::parse("meter"))}, alice()));
    if (active) expect(inventory->activate(id(name), alice()));
  }
  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, key, clock, "muster.test/ledger")));
    inventory.emplace(expect(inventory::Inventory::open(*store, *ledger, clock)));
    segment.emplace(expect(segment::Segment::open(*store, *ledger, *inventory, clock)));
    response.emplace(
        expect(Response::open(*store, *ledger, *inventory, *segment, clock, random, settings)));
  }
  void restart() {
    ledger->seal();
    store->commit();
    response.reset();
    segment.reset();
    inventory.reset();
    ledger.reset();
    store.reset();
    open();
  }

  static DeviceId id(std::string_view text) { return expect(DeviceId::parse(text)); }
  watch::Finding finding(std::string_view device, watch::Severity severity,
                         std::string words = "voltage is far off") {
    return {id(device), "value-range", "voltage",   300.5,           207,
            253,        severity,      clock.now(), std::move(words)};
  }
  void found(std::string_view device, watch::Severity severity) {
    response->found(finding(device, severity));
  }
  inventory::Lifecycle state(std::string_view device) { return inventory->find(id(device))->state; }
  Incident incident_of(std::string_view device) {
    auto open = response->open_incident(id(device));
    REQUIRE(open);
    return expect(response->incident(*open));
  }
  std::vector<std::string> actions(std::uint64_t from) {
    std::vector<std::string> out;
    for (const auto& recorded : expect(ledger->entries(from, 10'000)))
      out.push_back(recorded.entry.action);
    return out;
  }

  Folder folder;
  ManualClock clock{start};
  SeededRandom random{7};
  Settings settings;
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<inventory::Inventory> inventory;
  std::optional<segment::Segment> segment;
  std::optional<Response> response;
};

inline std::vector<std::string> steps_of(const Incident& incident) {
  std::vector<std::string> out;
  for (const Step& step : incident.steps) out.push_back(step.step);
  return out;
}

}  // namespace muster::response
