// identity/internal/test_rolling_world -- the identity test world with a signer that has a folder
// of its own, and so can roll the CA over. The test's thread.
#pragma once

#include "identity/internal/test_world.h"
#include "identity/rollover.h"
#include "signer/folder.h"

namespace muster::identity {

// A controller and a signer, each of which may be killed and started again.
struct RollingWorld : World {
  RollingWorld() : World(Settings{.pki_url = "http://pki.example", .life_max = 90 * 24h}) {
    start_over();
  }

  // With a signer that has a folder of its own, and so can roll over.
  void start_over() {
    restart_signer();
    ca.chain = keeper->chain();
    identity.reset();
    inventory.reset();
    ledger.reset();
    store.reset();
    std::filesystem::remove(folder.path / "muster.db");
    open_domain();
  }
  void open_domain() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, ledger_key, clock, "muster.test/ledger")));
    inventory.emplace(expect(inventory::Inventory::open(*store, *ledger, clock)));
    random.emplace(1);
    identity.emplace(expect(
        Identity::open(*store, *ledger, *inventory, keeper->chain(), clock, *random, settings)));
  }
  void restart_signer() {
    keeper.reset();
    const auto made = expect(signer::Folder::make(folder.path / "signer", clock, chance));
    auto policy = signer_policy();
    policy.rollover_pause = 24h;
    keeper.emplace(expect(signer::Keeper::open(expect(signer::Authority::open(made)), made.log(),
                                               policy, clock, chance)));
  }
  void restart_controller() {
    commit();
    identity.reset();
    inventory.reset();
    ledger.reset();
    store.reset();
    open_domain();
  }
  Rollover& rollover() { return identity->rollover(); }
  RolloverPhase phase() { return rollover().status().phase; }
  void settle() {  // what is ordered goes to the signer, and its answer comes back
    if (const auto order = rollover().order()) rollover().file(*order, keeper->roll_over(*order));
  }
  void begin(signer::Scope scope = signer::Scope::whole) {
    expect(rollover().begin(scope, alice(), "ten years are over"));
    settle();
  }
  void switch_over() {
    expect(rollover().switch_over(alice(), "the fleet is ready"));
    settle();
  }
  Result<void> finish() {
    TRY_VOID(rollover().finish(alice(), "all are over"));
    settle();
    return {};
  }
  std::vector<crypto::Hash> roots() {
    std::vector<crypto::Hash> out;
    for (const auto& root : rollover().trusted().roots()) out.push_back(root.fingerprint);
    return out;
  }
  void report(std::string_view id) { rollover().reported(device_id(id), roots()); }
  crypto::Hash renewed(const crypto::Hash& old) {
    const auto key = new_key();
    const auto print = crypto::sha256(expect(renew(renewal(old, key))));
    expect(identity->authenticate(print));
    return print;
  }

  SeededRandom chance{3};
};

}  // namespace muster::identity
