// What becomes of a certificate: seen, superseded, refused, revoked, listed.

#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration superseded_kept = 90 * 24h;  // after they have expired

Issued issued_of(const store::Rows& rows) {
  return {.serial = crypto::serial_hex(fixed<16>(rows.blob(0))),
          .subject = rows.text(1),
          .status = static_cast<CertificateStatus>(rows.integer(2)),
          .not_before = instant(rows.integer(3)),
          .not_after = instant(rows.integer(4)),
          .fingerprint = fixed<32>(rows.blob(5))};
}

}  // namespace

void Identity::Registry::supersede_all_but(const crypto::Serial& kept, const Subject& subject,
                                           bool pending_only) {
  std::vector<Doomed> doomed;
  {
    auto rows = store.read(
        "SELECT serial, fingerprint FROM identity_certificate"
        " WHERE subject = ? AND status <= ? AND serial != ?",
        {subject.id(),
         number_of(pending_only ? CertificateStatus::pending : CertificateStatus::valid),
         ByteView(kept)});
    while (rows.next()) doomed.push_back({fixed<16>(rows.blob(0)), fixed<32>(rows.blob(1))});
  }
  for (const Doomed& each : doomed) {
    auto detail = wire::Json::object(
        {{"serial", crypto::serial_hex(each.serial)}, {"by", crypto::serial_hex(kept)}});
    ledger
        .record({ledger::system_actor("identity"), "certificate.superseded", subject.target(),
                 std::move(detail)})
        .write("UPDATE identity_certificate SET status = 2, superseded_at = ? WHERE serial = ?",
               {millis(clock.now()), ByteView(each.serial)});
    live.drop(each.fingerprint);
    cut(each.serial);
  }
}

// What was seen, a handshake, needs no entry; what follows from it for the others has its own.
void Identity::Registry::confirm(Live& certificate) {
  ledger.observe().write("UPDATE identity_certificate SET status = 1 WHERE serial = ?",
                         {ByteView(certificate.serial)});
  live.settle(certificate);
  supersede_all_but(certificate.serial, certificate.subject, false);
}

std::unexpected<Error> Identity::Registry::refuse_certificate(const crypto::Hash& fingerprint,
                                                              bool record,
                                                              const std::string& from) {
  std::string cause = "unknown certificate", target;
  {
    auto rows = store.read(
        "SELECT subject, status, superseded_at FROM identity_certificate WHERE fingerprint = ?",
        {ByteView(fingerprint)});
    if (rows.next()) {
      const auto status = static_cast<CertificateStatus>(rows.integer(1));
      const bool dead =
          status == CertificateStatus::superseded || status == CertificateStatus::revoked;
      cause = (dead ? name_of(status) : "expired") + std::string(" certificate");
      const auto subject = find(rows.text(0));
      target = subject ? subject->target() : "application/" + rows.text(0);
      if (record && status == CertificateStatus::superseded && subject && subject->device)
        misuse.superseded(*subject->device, instant(rows.integer(2)));
    }
  }
  if (record) note({cause, target, from, "certificate.refused"});
  return fail(Fault::unauthorized, "this connection was made with a certificate that we refuse: " +
                                       cause + "; enrol again with a new token");
}

Result<Principal> Identity::authenticate(const crypto::Hash& fingerprint, bool handshake) {
  auto& r = *registry_;
  auto* const found = r.live.find(fingerprint);
  if (!found) return r.refuse_certificate(fingerprint, handshake, {});
  auto& certificate = *found;
  const auto now = r.clock.now();
  // One that would begin later is ours all the same: our clock was ahead when we gave it.
  if (now >= certificate.not_after) return r.refuse_certificate(fingerprint, handshake, {});
  if (handshake && certificate.status == CertificateStatus::pending) r.confirm(certificate);

  Principal p{.application = certificate.subject.application != nullptr,
              .device = {},
              .model = {},
              .restricted = false,
              .subscribe = {},
              .name = certificate.subject.id(),
              .serial = crypto::serial_hex(certificate.serial)};
  if (const auto* device = certificate.subject.device) {
    p.device = device->id;
    p.model = device->model;
    p.restricted = device->state == inventory::Lifecycle::quarantined ||
                   device->state == inventory::Lifecycle::retiring;
  } else {
    p.subscribe = certificate.subject.application->subscribe;
  }
  return p;
}

std::optional<Issued> Identity::current(const DeviceId& id) const {
  auto rows = registry_->store.read(
      "SELECT serial, subject, status, not_before, not_after, fingerprint"
      " FROM identity_certificate WHERE subject = ? AND status < 2"
      " ORDER BY status DESC, issued_at DESC LIMIT 1",
      {id.text()});
  if (!rows.next()) return std::nullopt;
  return issued_of(rows);
}

std::vector<Issued> Identity::certificates(const DeviceId& id) const {
  auto rows = registry_->store.read(
      "SELECT serial, subject, status, not_before, not_after, fingerprint"
      " FROM identity_certificate WHERE subject = ? ORDER BY issued_at DESC, status",
      {id.text()});
  std::vector<Issued> out;
  while (rows.next()) out.push_back(issued_of(rows));
  return out;
}

Totals Identity::totals() const {
  const auto& r = *registry_;
  const auto now = r.clock.now();
  const auto& valid = r.live.valid();
  const auto expired = valid.before(now);
  return {.valid = valid.all() - expired,
          .expiring = valid.before(now + r.settings.certificate_life / 4) - expired,
          .expired = expired,
          .revoked = r.revoked,
          .pending = r.live.pending()};
}

std::vector<Issued> Identity::ending(Duration within, std::size_t limit) const {
  auto rows = registry_->store.read(
      "SELECT serial, subject, status, not_before, not_after, fingerprint"
      " FROM identity_certificate WHERE status < 2 AND not_after < ? ORDER BY not_after LIMIT ?",
      {millis(registry_->clock.now() + within), static_cast<std::int64_t>(limit)});
  std::vector<Issued> out;
  while (rows.next()) out.push_back(issued_of(rows));
  return out;
}

const std::vector<crypto::Certificate>& Identity::chain() const {
  return registry_->chain;
}

void Identity::Registry::tidy() {
  const auto now = clock.now();
  auto& writer = ledger.observe();
  // Whoever never used a certificate may not have heard the answer, however long ago that was.
  writer.write(
      "DELETE FROM identity_answer WHERE issued_at < ? AND NOT EXISTS (SELECT 1 FROM"
      " identity_certificate c WHERE c.serial = identity_answer.serial AND c.status = 0"
      " AND c.not_after > ?)",
      {millis(now - 24h), millis(now)});
  writer.write(
      "DELETE FROM identity_certificate WHERE status = 2 AND status >= 2 AND not_after < ?",
      {millis(now - superseded_kept)});
}

void Identity::on_cut(std::function<void(const std::string&)> listener) {
  registry_->listeners.push_back(std::move(listener));
}

}  // namespace muster::identity
