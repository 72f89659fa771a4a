#include "segment/segment.h"
#include "base/test_folder.h"

#include <catch2/catch.hpp>
#include <filesystem>

using namespace muster;
using namespace muster::segment;
using Catch::Contains;
using inventory::Lifecycle;

namespace {

const Instant start = instant(1'795'000'000'000);

using Folder = TestFolder;

ledger::Actor alice() {
  return {"operator:alice", "operator"};
}

// A fleet of one expected device, m-0, and three active ones.
struct World {
  World() {
    open();
    for (const char* name : {"m-0", "m-1", "m-2", "m-3"}) {
      expect(
          inventory->expect({.id = id(name), .model = expect(ModelId::parse("meter"))}, alice()));
      if (name != std::string("m-0")) expect(inventory->activate(id(name), alice()));
    }
  }
  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, key, clock, "muster.test/ledger")));
    inventory.emplace(expect(inventory::Inventory::open(*store, *ledger, clock)));
    segment.emplace(expect(Segment::open(*store, *ledger, *inventory, clock)));
  }
  void restart() {
    ledger->seal();
    store->commit();
    segment.reset();
    inventory.reset();
    ledger.reset();
    store.reset();
    open();
  }
  static DeviceId id(std::string_view text) { return expect(DeviceId::parse(text)); }
  Lifecycle state(std::string_view name) { return inventory->find(id(name))->state; }
  ledger::Entry last() { return expect(ledger->entry(ledger->size() - 1)).entry; }

  Folder folder;
  ManualClock clock{start};
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<inventory::Inventory> inventory;
  std::optional<Segment> segment;
};

}  // namespace

TEST_CASE("an isolated device is quarantined, told of, and in the ledger") {
  World w;
  std::vector<std::string> told;
  w.segment->on_isolated(
      [&](const DeviceId& id, Level level) { told.push_back(id.text() + " " + name_of(level)); });
  expect(w.segment->isolate(w.id("m-1"), Level::restricted, alice(), "voltage far off"));
  CHECK(w.state("m-1") == Lifecycle::quarantined);
  CHECK(told == std::vector<std::string>{"m-1 restricted"});
  CHECK(w.last().action == "segment.isolated");
  CHECK(w.last().target == "device/m-1");
  CHECK(w.last().reason == "voltage far off");
  const auto* isolation = w.segment->isolation(w.id("m-1"));
  REQUIRE(isolation);
  CHECK(isolation->since == start);
  CHECK(isolation->reason == "voltage far off");
  CHECK(w.segment->isolated() == 1);
  CHECK_FALSE(w.segment->isolation(w.id("m-2")));
}

TEST_CASE("isolating again is harmless, and another level is a decision of its own") {
  World w;
  expect(w.segment->isolate(w.id("m-1"), Level::restricted, alice(), "first"));
  const auto entries = w.ledger->size();
  expect(w.segment->isolate(w.id("m-1"), Level::restricted, alice(), "again"));
  CHECK(w.ledger->size() == entries);
  CHECK(w.segment->isolation(w.id("m-1"))->reason == "first");
  expect(w.segment->isolate(w.id("m-1"), Level::blocked, alice(), "worse"));
  CHECK(w.ledger->size() == entries + 1);
  CHECK(w.segment->isolation(w.id("m-1"))->level == Level::blocked);
  CHECK(w.segment->isolated() == 1);
}

TEST_CASE("a device that never enrolled, is retired or is unknown cannot be isolated") {
  World w;
  expect(w.inventory->retire(w.id("m-3"), alice(), "scrapped"));
  const auto entries = w.ledger->size();
  const auto why = [&](const char* name) {
    auto r = w.segment->isolate(w.id(name), Level::blocked, alice(), "x");
    REQUIRE_FALSE(r);
    return r.error();
  };
  CHECK_THAT(why("m-0").message, Contains("never enrolled"));
  CHECK_THAT(why("m-3").message, Contains("retired"));
  CHECK(why("nobody").fault == Fault::missing);
  CHECK(w.ledger->size() == entries);
}

TEST_CASE("a released device is active again, in the name of who released it") {
  World w;
  expect(w.segment->isolate(w.id("m-1"), Level::blocked, alice(), "x"));
  expect(w.segment->release(w.id("m-1"), {"operator:bob", "admin"}, "patched"));
  CHECK(w.state("m-1") == Lifecycle::active);
  CHECK(w.segment->isolated() == 0);
  CHECK(w.last().action == "segment.released");
  CHECK(w.last().actor.name == "operator:bob");
  CHECK(w.last().reason == "patched");
  auto again = w.segment->release(w.id("m-1"), alice(), "again");
  REQUIRE_FALSE(again);
  CHECK(again.error().fault == Fault::conflict);
}

TEST_CASE("retiring or releasing an isolated device by the inventory ends its isolation") {
  World w;
  expect(w.segment->isolate(w.id("m-1"), Level::restricted, alice(), "x"));
  expect(w.segment->isolate(w.id("m-2"), Level::restricted, alice(), "x"));
  expect(w.inventory->retire(w.id("m-1"), alice(), "scrapped"));
  CHECK(w.last().action == "segment.released");
  CHECK(w.last().actor.name == "system:segment");
  expect(w.inventory->release(w.id("m-2"), alice(), "fine"));
  CHECK(w.segment->isolated() == 0);
}

TEST_CASE("isolations are there again after a restart") {
  World w;
  expect(w.segment->isolate(w.id("m-1"), Level::blocked, alice(), "x"));
  w.clock.pass(1min);
  expect(w.segment->isolate(w.id("m-2"), Level::restricted, alice(), "y"));
  expect(w.segment->isolate(w.id("m-3"), Level::restricted, alice(), "z"));
  expect(w.segment->release(w.id("m-3"), alice(), "fine"));
  w.restart();
  CHECK(w.segment->isolated() == 2);
  CHECK(w.segment->isolation(w.id("m-1"))->level == Level::blocked);
  CHECK(w.segment->isolation(w.id("m-2"))->since == start + 1min);
  expect(w.segment->release(w.id("m-1"), alice(), "fine"));
  w.restart();
  CHECK(w.segment->isolated() == 1);
}
