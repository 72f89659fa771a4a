// Who is revoked, and what third parties are told: the lists, and the standing
// of one certificate.

#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

std::uint32_t number32(std::int64_t n) {
  return static_cast<std::uint32_t>(n);
}

}  // namespace

void Identity::Registry::revoke_one(const Doomed& doomed, const std::string& target,
                                    crypto::RevocationReason reason, const ledger::Actor& by,
                                    const std::string& why) {
  auto detail = wire::Json::object(
      {{"serial", crypto::serial_hex(doomed.serial)}, {"reason_code", static_cast<int>(reason)}});
  auto& writer = ledger.record({by, "certificate.revoked", target, std::move(detail), why});
  writer.write(
      "UPDATE identity_certificate SET status = 3, revoked_at = ?, reason = ? WHERE serial = ?",
      {millis(clock.now()), static_cast<std::int64_t>(reason), ByteView(doomed.serial)});
  lists.outdate(writer, doomed.shard);
  ++revoked;
  live.drop(doomed.fingerprint);
  cut(doomed.serial);
}

void Identity::Registry::revoke_all(const Subject& subject, crypto::RevocationReason reason,
                                    const ledger::Actor& by, const std::string& why) {
  std::vector<Doomed> doomed;
  {
    auto rows = store.read(
        "SELECT serial, fingerprint, shard FROM identity_certificate"
        " WHERE subject = ? AND (status < 2 OR (status = 2 AND not_after > ?))",
        {subject.id(), millis(clock.now())});
    while (rows.next())
      doomed.push_back(
          {fixed<16>(rows.blob(0)), fixed<32>(rows.blob(1)), number32(rows.integer(2))});
  }
  for (const Doomed& each : doomed) revoke_one(each, subject.target(), reason, by, why);
}

Result<void> Identity::revoke(const DeviceId& id, crypto::RevocationReason reason, ledger::Actor by,
                              std::string why) {
  const auto* device = registry_->inventory.find(id);
  if (!device) return fail(Fault::missing, "there is no device " + id.text());
  if (why.size() > 1000) return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
  registry_->revoke_all({.device = device}, reason, by, why);
  return {};
}

Result<void> Identity::revoke_certificate(const crypto::Serial& serial,
                                          crypto::RevocationReason reason, ledger::Actor by,
                                          std::string why) {
  auto& r = *registry_;
  if (why.size() > 1000) return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
  Registry::Doomed doomed{serial, {}, 0};
  std::string subject;
  {
    auto rows = r.store.read(
        "SELECT subject, status, fingerprint, shard FROM identity_certificate WHERE serial = ?",
        {ByteView(serial)});
    if (!rows.next())
      return fail(Fault::missing,
                  "no certificate of the serial " + crypto::serial_hex(serial) + " was filed here");
    if (rows.integer(1) == number_of(CertificateStatus::revoked))
      return fail(Fault::conflict, "this certificate is revoked already");
    subject = rows.text(0);
    doomed.fingerprint = fixed<32>(rows.blob(2));
    doomed.shard = number32(rows.integer(3));
  }
  const auto known = r.find(subject);
  r.revoke_one(doomed, known ? known->target() : "application/" + subject, reason, by, why);
  return {};
}

// --- lists ---

Result<RevocationList> Identity::crl() {
  return registry_->lists.whole(registry_->rollover.generation());
}

Result<RevocationList> Identity::crl_of_other() {
  const auto& r = *registry_;
  const auto& other = r.rollover.trusted().other;
  if (!other) return fail(Fault::missing, "there is one CA; its list is /crl");
  return registry_->lists.whole(*r.rollover.generation_of(other->issuing.subject_key_id));
}

Result<RevocationList> Identity::crl(std::uint32_t shard) {
  return registry_->lists.of_shard(shard);
}

Bytes Identity::file_crl(const signer::CrlOrder& order, Bytes der) {
  registry_->lists.file(order, der);
  registry_->tidy();
  return der;
}

// --- one certificate ---

Standing Identity::standing(ByteView serial) const {
  const auto& r = *registry_;
  auto rows = r.store.read(
      "SELECT status, revoked_at, reason FROM identity_certificate WHERE serial = ?", {serial});
  if (rows.next()) {
    if (rows.integer(0) != number_of(CertificateStatus::revoked)) return {Standing::State::good};
    return {Standing::State::revoked, instant(rows.integer(1)),
            static_cast<crypto::RevocationReason>(rows.integer(2))};
  }
  auto ours = r.store.read("SELECT 1 FROM identity_server WHERE serial = ?", {serial});
  return {ours.next() ? Standing::State::good : Standing::State::unknown};
}

void Identity::serves(const crypto::Certificate& certificate) {
  auto& r = *registry_;
  if (standing(certificate.serial).state != Standing::State::unknown) return;
  auto& writer = r.ledger.observe();
  writer.write("DELETE FROM identity_server WHERE not_after < ?", {millis(r.clock.now())});
  writer.write("INSERT INTO identity_server(serial, not_after) VALUES(?,?)",
               {ByteView(certificate.serial), millis(certificate.not_after)});
}

}  // namespace muster::identity
