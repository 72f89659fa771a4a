// What becomes of a certificate: seen, superseded, refused, revoked, listed.

#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration crl_age_max = 24h;
constexpr Duration crl_life = 7 * 24h;          // a list that is late must not lock anybody out
constexpr Duration superseded_kept = 90 * 24h;  // after they have expired

Issued issued_of(const store::Rows& rows) {
  return {.serial = crypto::serial_hex(octets<16>(rows.blob(0))),
          .subject = rows.text(1),
          .status = static_cast<CertificateStatus>(rows.integer(2)),
          .not_before = instant(rows.integer(3)),
          .not_after = instant(rows.integer(4)),
          .fingerprint = octets<32>(rows.blob(5))};
}

struct Doomed {
  crypto::Serial serial;
  crypto::Hash fingerprint;
};

wire::Json detail_of(const crypto::Serial& serial) {
  return wire::Json::object({{"serial", crypto::serial_hex(serial)}});
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
    while (rows.next()) doomed.push_back({octets<16>(rows.blob(0)), octets<32>(rows.blob(1))});
  }
  for (const auto& [serial, fingerprint] : doomed) {
    auto detail = detail_of(serial);
    detail.set("by", crypto::serial_hex(kept));
    ledger
        .record({ledger::system_actor("identity"), "certificate.superseded", subject.target(),
                 std::move(detail)})
        .write("UPDATE identity_certificate SET status = 2 WHERE serial = ?", {ByteView(serial)});
    drop(fingerprint);
    cut(serial);
  }
}

// What was seen, a handshake, needs no entry; what follows from it for the others has its own.
void Identity::Registry::confirm(Live& certificate) {
  ledger.observe().write("UPDATE identity_certificate SET status = 1 WHERE serial = ?",
                         {ByteView(certificate.serial)});
  settle(certificate);
  supersede_all_but(certificate.serial, certificate.subject, false);
}

std::unexpected<Error> Identity::Registry::refuse_certificate(const crypto::Hash& fingerprint,
                                                              bool record,
                                                              const std::string& from) {
  std::string cause = "unknown certificate", target;
  {
    auto rows = store.read("SELECT subject, status FROM identity_certificate WHERE fingerprint = ?",
                           {ByteView(fingerprint)});
    if (rows.next()) {
      const auto status = static_cast<CertificateStatus>(rows.integer(1));
      const bool dead =
          status == CertificateStatus::superseded || status == CertificateStatus::revoked;
      cause = (dead ? name_of(status) : "expired") + std::string(" certificate");
      const auto subject = find(rows.text(0));
      target = subject ? subject->target() : "application/" + rows.text(0);
    }
  }
  if (record) note({cause, target, from, "certificate.refused"});
  return fail(Fault::unauthorized, "this connection was made with a certificate that we refuse: " +
                                       cause + "; enrol again with a new token");
}

Result<Principal> Identity::authenticate(const crypto::Hash& fingerprint, bool handshake) {
  auto& r = *registry_;
  const auto at = r.live.find(fingerprint);
  if (at == r.live.end()) return r.refuse_certificate(fingerprint, handshake, {});
  auto& certificate = at->second;
  const auto now = r.clock.now();
  if (now >= certificate.not_after || now < certificate.not_before)
    return r.refuse_certificate(fingerprint, handshake, {});
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
    p.restricted = device->state == inventory::Lifecycle::quarantined;
  } else {
    p.subscribe = certificate.subject.application->subscribe;
  }
  return p;
}

void Identity::Registry::revoke_all(const Subject& subject, crypto::RevocationReason reason,
                                    const ledger::Actor& by, const std::string& why) {
  const auto now = clock.now();
  std::vector<Doomed> doomed;
  {
    auto rows = store.read(
        "SELECT serial, fingerprint FROM identity_certificate"
        " WHERE subject = ? AND (status < 2 OR (status = 2 AND not_after > ?))",
        {subject.id(), millis(now)});
    while (rows.next()) doomed.push_back({octets<16>(rows.blob(0)), octets<32>(rows.blob(1))});
  }
  for (const auto& [serial, fingerprint] : doomed) {
    auto detail = detail_of(serial);
    detail.set("reason_code", static_cast<int>(reason));
    auto& writer =
        ledger.record({by, "certificate.revoked", subject.target(), std::move(detail), why});
    writer.write(
        "UPDATE identity_certificate SET status = 3, revoked_at = ?, reason = ? WHERE serial = ?",
        {millis(now), static_cast<std::int64_t>(reason), ByteView(serial)});
    writer.write("UPDATE identity_crl SET stale = 1");
    ++revoked;
    drop(fingerprint);
    cut(serial);
  }
}

Result<void> Identity::revoke(const DeviceId& id, crypto::RevocationReason reason, ledger::Actor by,
                              std::string why) {
  const auto* device = registry_->inventory.find(id);
  if (!device) return fail(Fault::missing, "there is no device " + id.text());
  if (why.size() > 1000) return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
  registry_->revoke_all({.device = device}, reason, by, why);
  return {};
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
  const auto expired = r.valid.before(now);
  return {.valid = r.valid.all() - expired,
          .expiring = r.valid.before(now + r.settings.certificate_life / 4) - expired,
          .expired = expired,
          .revoked = r.revoked,
          .pending = r.pending};
}

const std::vector<crypto::Certificate>& Identity::chain() const {
  return registry_->chain;
}

RevocationList Identity::crl() {
  auto& r = *registry_;
  const auto now = r.clock.now();
  std::uint64_t number = 0;
  Instant last = now;
  {
    auto rows = r.store.read("SELECT number, this_update, stale, der FROM identity_crl");
    if (rows.next()) {
      number = static_cast<std::uint64_t>(rows.integer(0));
      last = instant(rows.integer(1));
      const bool fresh = rows.integer(2) == 0 && now >= last && now < last + crl_age_max;
      if (const auto der = rows.blob(3); fresh) return Bytes(der.begin(), der.end());
    }
  }
  return signer::CrlOrder{
      .terms = {.number = number + 1, .this_update = now, .next_update = now + crl_life},
      .revoked = r.revoked_since(last)};
}

// Who has not expired by `from`: RFC 5280 section 3.3 wants an entry on at least one list that is
// made after the certificate's end.
std::vector<crypto::Revoked> Identity::Registry::revoked_since(Instant from) const {
  std::vector<crypto::Revoked> entries;
  auto rows = store.read(
      "SELECT serial, revoked_at, reason FROM identity_certificate"
      " WHERE status = 3 AND status >= 2 AND not_after >= ?",
      {millis(from)});
  while (rows.next()) {
    const auto serial = rows.blob(0);
    entries.push_back({Bytes(serial.begin(), serial.end()), instant(rows.integer(1)),
                       static_cast<crypto::RevocationReason>(rows.integer(2))});
  }
  return entries;
}

// What was revoked while the signer was at it is not in it: the list is stale at once.
Bytes Identity::file_crl(const signer::CrlOrder& order, Bytes der) {
  auto& r = *registry_;
  std::size_t now_revoked = 0;
  {
    auto rows = r.store.read("SELECT count(*) FROM identity_certificate WHERE status = 3 AND status >= 2 AND not_after >= ?", {millis(order.terms.this_update)});
    if (rows.next()) now_revoked = static_cast<std::size_t>(rows.integer(0));
  }
  r.ledger.observe().write(
      "INSERT OR REPLACE INTO identity_crl(one, number, this_update, next_update, stale, der)"
      " VALUES(1,?,?,?,?,?)",
      {static_cast<std::int64_t>(order.terms.number), millis(order.terms.this_update),
       millis(order.terms.next_update), std::int64_t{now_revoked > order.revoked.size()},
       ByteView(der)});
  r.tidy();
  return der;
}

void Identity::Registry::tidy() {
  const auto now = clock.now();
  auto& writer = ledger.observe();
  writer.write("DELETE FROM identity_answer WHERE issued_at < ?", {millis(now - 24h)});
  writer.write(
      "DELETE FROM identity_certificate WHERE status = 2 AND status >= 2 AND not_after < ?",
      {millis(now - superseded_kept)});
}

void Identity::on_cut(std::function<void(const std::string&)> listener) {
  registry_->listeners.push_back(std::move(listener));
}

}  // namespace muster::identity
