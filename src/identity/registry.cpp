#include "identity/internal/registry.h"

#include <algorithm>

#include "base/peer.h"

namespace muster::identity {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE identity_manifest_key(name TEXT PRIMARY KEY, pem TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE identity_application(id TEXT PRIMARY KEY, subscribe TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE identity_token(subject TEXT PRIMARY KEY, hash BLOB NOT NULL,"
    " expires INTEGER NOT NULL, wrong_tries INTEGER NOT NULL, burned INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE identity_certificate(serial BLOB PRIMARY KEY, subject TEXT NOT NULL,"
    " status INTEGER NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,"
    " fingerprint BLOB NOT NULL UNIQUE, key BLOB NOT NULL, issued_at INTEGER NOT NULL,"
    " revoked_at INTEGER, reason INTEGER) WITHOUT ROWID;"
    "CREATE INDEX identity_certificate_subject ON identity_certificate(subject);"
    "CREATE INDEX identity_certificate_key ON identity_certificate(key);"
    "CREATE INDEX identity_certificate_dead ON identity_certificate(status, not_after)"
    " WHERE status >= 2;"
    // The certificates of the last day, for whoever did not hear the answer and asks again.
    "CREATE TABLE identity_answer(csr BLOB PRIMARY KEY, subject TEXT NOT NULL,"
    " serial BLOB NOT NULL, issued_at INTEGER NOT NULL, der BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX identity_answer_age ON identity_answer(issued_at);"
    "CREATE TABLE identity_crl(one INTEGER PRIMARY KEY CHECK(one = 1), number INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL, next_update INTEGER NOT NULL, stale INTEGER NOT NULL,"
    " der BLOB NOT NULL);",
    // How far the signer's log has been compared with what was filed.
    "CREATE TABLE identity_signer(one INTEGER PRIMARY KEY CHECK(one = 1),"
    " reconciled INTEGER NOT NULL);",
    "CREATE TABLE identity_maker(name TEXT PRIMARY KEY, models TEXT NOT NULL, pem TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE identity_profile(name TEXT PRIMARY KEY, terms TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE identity_birth(subject TEXT PRIMARY KEY, certificate BLOB UNIQUE, issuer BLOB,"
    " expires INTEGER, used INTEGER NOT NULL, allowed INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE identity_parked(certificate BLOB PRIMARY KEY, serial TEXT NOT NULL,"
    " maker TEXT NOT NULL, model TEXT NOT NULL, key BLOB NOT NULL, peer TEXT NOT NULL,"
    " since INTEGER NOT NULL, rejected INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX identity_parked_age ON identity_parked(rejected, since);"};

constexpr std::array status_names{"pending", "valid", "superseded", "revoked"};

}  // namespace

const char* name_of(CertificateStatus status) {
  return status_names[static_cast<std::size_t>(status)];
}

Result<Identity> Identity::open(store::Store& store, ledger::Ledger& ledger,
                                inventory::Inventory& inventory,
                                std::vector<crypto::Certificate> chain, const Clock& clock,
                                Random& random, Settings settings) {
  if (chain.empty()) return fail(Fault::invalid, "the issuing CA has no certificate");
  TRY_VOID(store.migrate("identity", steps));
  auto registry = std::make_unique<Registry>(store, ledger, inventory, std::move(chain), clock,
                                             random, settings);
  TRY_VOID(registry->load());
  TRY_VOID(registry->lists.load());
  TRY_VOID(registry->attestation.load());
  TRY_VOID(registry->rollover.load());
  inventory.on_change([r = registry.get()](const inventory::Device& d, inventory::Change change) {
    if (change == inventory::Change::state_changed && inventory::has_left(d.state))
      r->revoke_all({.device = &d}, crypto::RevocationReason::cessation_of_operation,
                    ledger::system_actor("identity"),
                    std::string("the device is ") + name_of(d.state));
    if (change == inventory::Change::presence && d.online) r->rollover.arrived(d.id);
  });
  return Identity(std::move(registry));
}

Identity::Identity(std::unique_ptr<Registry> registry) : registry_(std::move(registry)) {}
Identity::Identity(Identity&&) noexcept = default;
Identity::~Identity() = default;

Attestation& Identity::attestation() {
  return registry_->attestation;
}
const Attestation& Identity::attestation() const {
  return registry_->attestation;
}
Rollover& Identity::rollover() {
  return registry_->rollover;
}
const Rollover& Identity::rollover() const {
  return registry_->rollover;
}

namespace {

Result<std::vector<std::string>> read_filters(const std::string& json) {
  TRY(const auto body, wire::parse_json(json));
  std::vector<std::string> out;
  const auto corrupt = fail(Fault::corrupt, "an application's filters in the store do not read");
  if (!body.items()) return corrupt;
  for (const auto& item : *body.items()) {
    if (!item.text()) return corrupt;
    out.push_back(*item.text());
  }
  return out;
}

}  // namespace

Result<void> Identity::Registry::load() {
  auto keys = store.read("SELECT name, pem FROM identity_manifest_key ORDER BY name");
  while (keys.next()) {
    TRY(auto key, crypto::PublicKey::from_pem(keys.text(1)));
    manifest_keys.emplace_back(keys.text(0), std::move(key));
  }
  TRY_VOID(makers.load());
  TRY_VOID(profiles.load());
  auto apps = store.read("SELECT id, subscribe FROM identity_application");
  while (apps.next()) {
    TRY(auto filters, read_filters(apps.text(1)));
    applications.emplace(apps.text(0), Application{apps.text(0), std::move(filters)});
  }
  live.reserve(inventory.counts().total);
  auto rows = store.read(
      "SELECT serial, subject, status, not_before, not_after, fingerprint"
      " FROM identity_certificate WHERE status IN (0, 1)");
  while (rows.next()) {
    const auto subject = find(rows.text(1));
    if (!subject)
      return fail(Fault::corrupt, "a certificate in the store belongs to " + rows.text(1) +
                                      ", which is neither a device nor an application");
    live.admit(fixed<32>(rows.blob(5)), {.serial = fixed<16>(rows.blob(0)),
                                         .status = static_cast<CertificateStatus>(rows.integer(2)),
                                         .subject = *subject,
                                         .not_before = instant(rows.integer(3)),
                                         .not_after = instant(rows.integer(4))});
  }
  auto signer = store.read("SELECT reconciled FROM identity_signer");
  if (signer.next()) reconciled = static_cast<std::uint64_t>(signer.integer(0));
  auto count =
      store.read("SELECT count(*) FROM identity_certificate WHERE status = 3 AND status >= 2");
  if (count.next()) revoked = static_cast<std::size_t>(count.integer(0));
  return {};
}

std::optional<Subject> Identity::Registry::find(const std::string& id) const {
  if (auto name = DeviceId::parse(id); name)
    if (const auto* device = inventory.find(*name)) return Subject{.device = device};
  if (const auto at = applications.find(id); at != applications.end())
    return Subject{.application = &at->second};
  return std::nullopt;
}

void Identity::Registry::cut(const crypto::Serial& serial) const {
  const auto hex = crypto::serial_hex(serial);
  for (const auto& listener : listeners) listener(hex);
}

store::Writer& Identity::Registry::note(const Refusal& r, RefusalMeter& meter) {
  const bool known = !r.target.empty();
  const auto who = known ? r.target : "peer " + host_of(r.from);
  const auto left_out = meter.admit(r.action + ' ' + who, clock.now());
  if (!left_out) return ledger.observe();
  auto detail = wire::Json::object({{"cause", r.cause}});
  if (!r.from.empty()) detail.set("from", r.from.substr(0, 64));
  if (*left_out) detail.set("not_recorded", *left_out);
  return ledger.record({ledger::system_actor("identity"), r.action,
                        known ? r.target : std::string("nobody"), std::move(detail)});
}

std::unexpected<Error> Identity::Registry::refuse(const Refusal& r, Fault fault, std::string told) {
  note(r);
  return fail(fault, std::move(told));
}

}  // namespace muster::identity
