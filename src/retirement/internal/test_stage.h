// retirement/internal/test_stage -- for this module's tests: a fleet whose devices can be retired,
// devices that state what they are told to, and a key for orders that may be away. restart() closes
// all of it and opens the same file again; cut() does so before the last commit. The test's thread.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "identity/internal/test_world.h"
#include "retirement/retirement.h"
#include "wire/update.h"

namespace muster::retirement {

using identity::device_id;
using inventory::Lifecycle;

inline const ledger::Actor ann{"operator:ann", "admin"}, ben{"operator:ben", "admin"};

// A device with its key, which does what it is ordered to.
struct Meter {
  crypto::FileKey key = identity::new_key();
  Bytes certificate;
  DeviceId id;
};

// A key in a token, which may be taken out.
struct TokenKey final : crypto::SigningKey {
  const crypto::PublicKey& public_key() const override { return key.public_key(); }
  Result<Bytes> sign(ByteView message) const override {
    if (away) return fail(Fault::unavailable, "the token is away");
    ++signatures;
    return key.sign(message);
  }
  crypto::FileKey key = identity::new_key(crypto::Algorithm::ed25519);
  bool away = false;
  mutable int signatures = 0;
};

struct Stage {
  Stage() { open(); }
  void open() {
    retirements.emplace(expect(Retirements::open(*w.store, *w.ledger, *w.inventory, *w.identity,
                                                 order_key, w.clock, *w.random)));
  }
  void restart() {
    retirements.reset();
    w.restart();
    open();
  }
  // As a power cut before the commit.
  void cut() {
    w.store->rollback();
    retirements.reset();
    w.keeper.reset();
    w.identity.reset();
    w.inventory.reset();
    w.ledger.reset();
    w.store.reset();
    w.open();
    open();
  }

  Meter meter(const std::string& name) {
    Meter out;
    out.id = device_id(name);
    const auto token = w.expect_device(name);
    out.certificate = expect(w.enrol(w.request(name, token, out.key)));
    expect(w.identity->authenticate(crypto::sha256(out.certificate)));
    return out;
  }
  void guard_meters() {  // their retirement needs two
    auto model = *w.inventory->model(expect(ModelId::parse("meter")));
    model.second_operator = true;
    expect(w.inventory->put_model(model, ann));
  }
  std::uint64_t ask(std::vector<DeviceId> devices, std::optional<Duration> within = {}) {
    return expect(retirements->request({std::move(devices), "sold", within}, ann));
  }
  wire::WipeOrder order(const Meter& m) {
    const auto envelope = expect(wire::parse_envelope(expect(retirements->order_for(m.id))));
    REQUIRE(envelope.signatures.size() == 1);
    CHECK(envelope.signatures[0].keyid == to_hex(order_key.public_key().fingerprint()));
    CHECK(order_key.public_key().verify(bytes_of(envelope.signed_bytes),
                                        envelope.signatures[0].signature));
    return expect(wire::read_wipe_order(envelope.content));
  }
  wire::Statement statement(const Meter& m) {
    const auto ordered = order(m);
    return {.device = m.id,
            .order = ordered.number,
            .nonce = ordered.nonce,
            .method = wire::Method::clear,
            .technique = "overwritten",
            .tool = "test",
            .version = "1",
            .keys = {{"data", std::string(64, 'a')}},
            .wiped = {"readings"},
            .at = w.clock.now()};
  }
  Sanitised signed_by(const Meter& m, const wire::Statement& s) {
    const auto text = wire::to_text(s);
    return {m.id, m.certificate, text, expect(m.key.sign(bytes_of(text)))};
  }
  Result<std::string> bring(const Meter& m, const wire::Statement& s) {
    return retirements->take(signed_by(m, s));
  }
  std::string why_not(const Sanitised& s) {
    const auto taken = retirements->take(s);
    return taken ? "it was taken" : taken.error().message;
  }
  Lifecycle state(const Meter& m) { return w.inventory->find(m.id)->state; }
  Step step(const Meter& m) { return retirements->of(m.id)->step; }
  bool lets_in(const Meter& m) {
    return w.identity->authenticate(crypto::sha256(m.certificate)).has_value();
  }

  identity::World w;
  TokenKey order_key;
  std::optional<Retirements> retirements;
};

}  // namespace muster::retirement
