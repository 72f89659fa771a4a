// inventory/internal/test_world -- a store in a folder of its own, a ledger and an inventory, for
// tests: restart() closes all of it and opens the same file again. The test's thread.
#pragma once

#include <filesystem>
#include <optional>

#include "base/test_folder.h"
#include "inventory/inventory.h"

namespace muster::inventory {

inline const Instant test_start = instant(1'795'000'000'000);

struct World {
  World() { open(); }

  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, key, clock, "muster.test/ledger")));
    inventory.emplace(expect(Inventory::open(*store, *ledger, clock)));
  }
  void commit() {
    ledger->seal();
    store->commit();
  }
  void restart() {
    commit();
    inventory.reset();
    ledger.reset();
    store.reset();
    open();
  }
  std::uint64_t entries() const { return ledger->size(); }
  ledger::Recorded last_entry() const { return expect(ledger->entry(ledger->size() - 1)); }
  const Device& device(std::string_view id) const {
    const auto* found = inventory->find(expect(DeviceId::parse(id)));
    if (!found) give_up({Fault::missing, "no device " + std::string(id)});
    return *found;
  }

  TestFolder folder;
  ManualClock clock{test_start};
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<Inventory> inventory;
};

inline DeviceId device_id(std::string_view text) {
  return expect(DeviceId::parse(text));
}
inline ModelId model_id(std::string_view text) {
  return expect(ModelId::parse(text));
}
inline ledger::Actor alice() {
  return {"operator:alice", "operator"};
}

}  // namespace muster::inventory
