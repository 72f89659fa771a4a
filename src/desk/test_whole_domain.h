// desk/test_whole_domain -- every module of the domain, wired in one folder, for tests and
// benches. What musterd wires for the field it reads from its configuration; here time, chance and
// keys come from the caller, and there is no socket. The test's thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/test_folder.h"
#include "desk/domain.h"
#include "signer/local.h"

namespace muster::desk::testing {

// In memory unless told otherwise: most tests are about the order of writes, not about the disk.
struct Folder : TestFolder {
  explicit Folder(const std::filesystem::path& place = in_memory()) : TestFolder(place) {}
};

struct Keys {
  explicit Keys(Instant from) {
    const auto der = expect(crypto::issue({.use = crypto::Use::root_ca,
                                           .common_name = "test root",
                                           .not_before = from - 24h,
                                           .not_after = from + 3650 * 24h},
                                          issuing.public_key(), {1}, nullptr, issuing));
    chain.push_back(expect(crypto::parse_certificate(der)));
  }
  crypto::FileKey ledger = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  crypto::FileKey issuing = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  crypto::FileKey release = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  std::vector<crypto::Certificate> chain;
};

struct WholeDomain {  // everything that a restart builds anew; what it is made of outlives it
  WholeDomain(const std::filesystem::path& folder, const Keys& keys,
              const crypto::SigningKey& ledger_key, const Clock& clock, Random& random,
              signer::Policy policy = generous())
      : store(expect(store::Store::open(folder / "muster.db"))),
        ledger(expect(ledger::Ledger::open(store, ledger_key, clock, "muster/test"))),
        inventory(expect(inventory::Inventory::open(store, ledger, clock))),
        identity(
            expect(identity::Identity::open(store, ledger, inventory, keys.chain, clock, random))),
        releases(expect(
            release::Releases::open(store, ledger, folder / "artifacts", keys.release, clock))),
        rollouts(
            expect(rollout::Rollouts::open(store, ledger, inventory, releases, clock, random))),
        actions(expect(
            actions::Actions::open(store, ledger, inventory, releases, rollouts, clock, random))),
        segment(expect(segment::Segment::open(store, ledger, inventory, clock))),
        response(
            expect(response::Response::open(store, ledger, inventory, segment, clock, random))),
        retirements(expect(retirement::Retirements::open(store, ledger, inventory, identity,
                                                         keys.release, clock, random))),
        exposure(expect(exposure::Exposure::open(store, ledger, inventory, clock))),
        keeper(expect(signer::Keeper::open(keys.chain, keys.issuing, folder / "issued.log",
                                           std::move(policy), clock, random))) {}

  store::Store store;
  ledger::Ledger ledger;
  inventory::Inventory inventory;
  identity::Identity identity;
  release::Releases releases;
  rollout::Rollouts rollouts;
  actions::Actions actions;
  segment::Segment segment;
  response::Response response;
  retirement::Retirements retirements;
  exposure::Exposure exposure;
  signer::Keeper keeper;
  signer::LocalIssuer issuer{keeper};
  Domain domain{store,   ledger,   inventory,   identity, releases, rollouts,
                segment, response, retirements, actions,  exposure};

  static signer::Policy generous() {  // tests and benches are not to wait for a rate
    signer::Policy policy;
    for (auto* rule : {&policy.device, &policy.application, &policy.revocation_list})
      rule->rate = {1e6, 1e6};
    return policy;
  }
};

}  // namespace muster::desk::testing
