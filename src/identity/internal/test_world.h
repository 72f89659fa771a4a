// identity/internal/test_world -- a fleet controller without doors, for tests: a store in a folder
// of its own, the ledger, the inventory, an issuing CA with its signer, and the identity registry.
// restart() closes all of it and opens the same file again. The test's thread.
#pragma once

#include <filesystem>
#include <optional>

#include "base/test_folder.h"
#include "crypto/csr.h"
#include "identity/identity.h"
#include "signer/keeper.h"

namespace muster::identity {

inline const Instant test_start = instant(1'795'000'000'000);

inline crypto::FileKey new_key(crypto::Algorithm algorithm = crypto::Algorithm::ecdsa_p256) {
  return expect(crypto::FileKey::generate(algorithm));
}

struct TestAuthority {  // a root and an issuing CA below it
  TestAuthority() {
    crypto::Profile root;
    root.use = crypto::Use::root_ca;
    root.common_name = "Test Root";
    root.not_before = test_start - 24h;
    root.not_after = test_start + 3650 * 24h;
    auto root_der = expect(crypto::issue(root, root_key.public_key(), {1}, nullptr, root_key));
    auto anchor = expect(crypto::parse_certificate(root_der));
    crypto::Profile issuing;
    issuing.use = crypto::Use::issuing_ca;
    issuing.common_name = "Test Issuing CA";
    issuing.not_before = root.not_before;
    issuing.not_after = root.not_after;
    auto der = expect(crypto::issue(issuing, key.public_key(), {2}, &anchor, root_key));
    chain = {expect(crypto::parse_certificate(der)), anchor};
  }
  crypto::FileKey root_key = new_key(), key = new_key();
  std::vector<crypto::Certificate> chain;
};

inline DeviceId device_id(std::string_view text) {
  return expect(DeviceId::parse(text));
}
inline ledger::Actor alice() {
  return {"operator:alice", "operator"};
}

struct World {
  explicit World(Settings chosen = {}) : settings(chosen) { open(); }

  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, ledger_key, clock, "muster.test/ledger")));
    inventory.emplace(expect(inventory::Inventory::open(*store, *ledger, clock)));
    random.emplace(1);  // the same chances after each restart: the worst case for serials
    identity.emplace(
        expect(Identity::open(*store, *ledger, *inventory, ca.chain, clock, *random, settings)));
    keeper.emplace(expect(signer::Keeper::open(ca.chain, ca.key, folder.path / "issued.log",
                                               signer_policy(), clock, *random)));
    identity->on_cut([this](const std::string& serial) { cut.push_back(serial); });
  }
  void commit() {
    ledger->seal();
    store->commit();
  }
  void restart() {
    commit();
    keeper.reset();
    identity.reset();
    inventory.reset();
    ledger.reset();
    store.reset();
    open();
  }

  std::string expect_device(std::string_view id) {  // its token
    return expect(identity->expect({.id = device_id(id), .model = expect(ModelId::parse("meter"))},
                                   alice()))
        .text;
  }
  EnrolRequest request(std::string id, std::string token, const crypto::SigningKey& key,
                       std::string claimed = "") {
    auto csr = expect(crypto::parse_csr(expect(crypto::make_csr(key, "a device"))));
    return {std::move(id), std::move(token),   csr.key.spki(),
            csr.digest,    std::move(claimed), "192.0.2.7:40000"};
  }
  RenewRequest renewal(const crypto::Hash& old, const crypto::SigningKey& key,
                       std::string claimed = "") {
    auto csr = expect(crypto::parse_csr(expect(crypto::make_csr(key, "a device"))));
    return {old, csr.key.spki(), csr.digest, std::move(claimed), "192.0.2.7:40000"};
  }
  // From the request to the certificate, with the signer in between.
  Result<Bytes> issue(Result<Enrolment> enrolment) {
    if (!enrolment) return std::unexpected(enrolment.error());
    if (const auto* before = std::get_if<Bytes>(&*enrolment)) return *before;
    const auto& commission = std::get<Commission>(*enrolment);
    TRY(const auto der, keeper->issue(commission.order));
    return identity->file(commission, der);
  }
  Result<Bytes> enrol(const EnrolRequest& request) { return issue(identity->enrol(request)); }
  Result<Bytes> renew(const RenewRequest& request) { return issue(identity->renew(request)); }
  Result<Bytes> crl() { return made(identity->crl()); }
  Result<Bytes> crl(std::uint32_t shard) { return made(identity->crl(shard)); }
  Result<Bytes> made(Result<RevocationList> list) {
    if (!list) return std::unexpected(list.error());
    if (const auto* fresh = std::get_if<Bytes>(&*list)) return *fresh;
    const auto& order = std::get<signer::CrlOrder>(*list);
    TRY(auto der, keeper->make_list(order));
    return identity->file_crl(order, std::move(der));
  }
  static signer::Policy signer_policy() {
    signer::Policy policy;
    for (auto* rule : {&policy.device, &policy.application}) {
      rule->life_max = 3650 * 24h;
      rule->rate = {1e6, 1e6};
    }
    policy.revocation_list.rate = {1e6, 1e6};
    policy.url_prefixes = {"http://pki.example/"};
    return policy;
  }
  crypto::Hash enrolled(std::string_view id) {  // the fingerprint; seen in a handshake
    auto token = expect_device(id);
    const auto key = new_key();
    const auto print = crypto::sha256(expect(enrol(request(std::string(id), token, key))));
    expect(identity->authenticate(print));
    return print;
  }
  inventory::Lifecycle state(std::string_view id) const {
    return inventory->find(device_id(id))->state;
  }
  ledger::Recorded last_entry() const { return expect(ledger->entry(ledger->size() - 1)); }
  std::string last_cause() const {
    const auto entry = last_entry().entry;
    const auto* cause = entry.detail.find("cause");
    return cause && cause->text() ? entry.action + ": " + *cause->text() : entry.action;
  }
  std::size_t count(std::string_view action) const {
    std::size_t n = 0;
    for (const auto& r : expect(ledger->entries(0, 100'000))) n += r.entry.action == action;
    return n;
  }

  TestFolder folder;
  ManualClock clock{test_start};
  Settings settings;
  TestAuthority ca;
  crypto::FileKey ledger_key = new_key(crypto::Algorithm::ed25519);
  std::vector<std::string> cut;  // serials
  std::optional<SeededRandom> random;
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<inventory::Inventory> inventory;
  std::optional<Identity> identity;
  std::optional<signer::Keeper> keeper;
};

}  // namespace muster::identity
