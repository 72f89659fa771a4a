// What third parties are told: revocation lists, whole and by shard, and the standing of one
// certificate.
//
// A certificate's shard is chosen when it is commissioned and named in it; a shard is full at
// Settings::shard_certificates, and ends when the public address changes. Its list is made when
// somebody asks, by the signer, and kept. One list, and the rows it is made of, are small enough to
// be read in one turn.

#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration crl_life = 7 * 24h;  // a list that is late must not lock anybody out
constexpr Duration whole_list_age_max = 24h;
constexpr Duration too_long_for = 1h;  // before the length of the whole list is looked at again

constexpr const char* steps[] = {
    "ALTER TABLE identity_certificate ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE identity_certificate ADD COLUMN superseded_at INTEGER;"
    "CREATE INDEX identity_certificate_listed ON identity_certificate(shard, not_after, serial,"
    " revoked_at, reason) WHERE status = 3;"
    "CREATE INDEX identity_certificate_ending ON identity_certificate(not_after) WHERE status < 2;"
    "ALTER TABLE identity_token ADD COLUMN burned_from TEXT;"
    "CREATE TABLE identity_shard(number INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE,"
    " issued INTEGER NOT NULL, list_number INTEGER NOT NULL, this_update INTEGER NOT NULL,"
    " stale INTEGER NOT NULL);"
    // Apart, so that to mark a list as stale does not write the list again.
    "CREATE TABLE identity_shard_list(number INTEGER PRIMARY KEY, der BLOB NOT NULL);"
    // The certificates of our own doors.
    "CREATE TABLE identity_server(serial BLOB PRIMARY KEY, not_after INTEGER NOT NULL)"
    " WITHOUT ROWID;"};

std::uint32_t number32(std::int64_t n) {
  return static_cast<std::uint32_t>(n);
}

crypto::Revoked revoked_of(const store::Rows& rows) {
  const auto serial = rows.blob(0);
  return {Bytes(serial.begin(), serial.end()), instant(rows.integer(1)),
          static_cast<crypto::RevocationReason>(rows.integer(2))};
}

}  // namespace

Result<void> Identity::Registry::load_shards() {
  TRY_VOID(store.migrate("identity_revocation", steps));
  auto rows = store.read("SELECT number, url, issued FROM identity_shard ORDER BY number DESC");
  if (!rows.next()) return {};
  open_shard = number32(rows.integer(0));
  const bool same = rows.text(1) == crl_url(open_shard);
  in_open_shard = same ? static_cast<std::size_t>(rows.integer(2)) : settings.shard_certificates;
  return {};
}

std::string Identity::Registry::crl_url(std::uint32_t n) const {
  return n ? settings.pki_url + "/crl/" + std::to_string(n) + ".crl" : std::string();
}

// A commission that comes to nothing leaves its place empty until the next start.
std::uint32_t Identity::Registry::take_place() {
  if (settings.pki_url.empty()) return 0;
  if (open_shard == 0 || in_open_shard >= settings.shard_certificates) {
    ++open_shard;
    in_open_shard = 0;
    ledger.observe().write(
        "INSERT INTO identity_shard(number, url, issued, list_number, this_update, stale, issuer)"
        " VALUES(?,?,0,0,0,1,?)",
        {std::int64_t{open_shard}, crl_url(open_shard), std::int64_t{rollover.generation()}});
  }
  ++in_open_shard;
  return open_shard;
}

std::uint32_t Identity::Registry::shard_at(const std::string& url) const {
  if (url.empty()) return 0;
  auto rows = store.read("SELECT number FROM identity_shard WHERE url = ?", {url});
  return rows.next() ? number32(rows.integer(0)) : 0;
}

void Identity::Registry::occupy(store::Writer& writer, std::uint32_t n) const {
  if (n)
    writer.write("UPDATE identity_shard SET issued = issued + 1 WHERE number = ?",
                 {std::int64_t{n}});
}

void Identity::Registry::outdate_lists(store::Writer& writer, std::uint32_t n) {
  ++revocations;
  writer.write("UPDATE identity_list SET stale = 1 WHERE stale = 0");
  if (n)
    writer.write("UPDATE identity_shard SET stale = 1 WHERE number = ? AND stale = 0",
                 {std::int64_t{n}});
}

void Identity::Registry::revoke_one(const Doomed& doomed, const std::string& target,
                                    crypto::RevocationReason reason, const ledger::Actor& by,
                                    const std::string& why) {
  auto detail = wire::Json::object(
      {{"serial", crypto::serial_hex(doomed.serial)}, {"reason_code", static_cast<int>(reason)}});
  auto& writer = ledger.record({by, "certificate.revoked", target, std::move(detail), why});
  writer.write(
      "UPDATE identity_certificate SET status = 3, revoked_at = ?, reason = ? WHERE serial = ?",
      {millis(clock.now()), static_cast<std::int64_t>(reason), ByteView(doomed.serial)});
  outdate_lists(writer, doomed.shard);
  ++revoked;
  drop(doomed.fingerprint);
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

// What is revoked while the signer is at it is not in it: file_crl() sees that.
RevocationList Identity::Registry::order(crypto::CrlTerms terms,
                                         std::vector<crypto::Revoked> entries,
                                         std::uint32_t issuer) {
  Bytes key_id = rollover.key_id_of(issuer);
  listed[terms.scope.shard_uri + to_hex(key_id)] = revocations;
  return signer::CrlOrder{
      .terms = std::move(terms), .revoked = std::move(entries), .issuer = std::move(key_id)};
}

Result<RevocationList> Identity::crl() {
  return registry_->whole_list(registry_->rollover.generation());
}

Result<RevocationList> Identity::crl_of_other() {
  const auto& r = *registry_;
  const auto& other = r.rollover.trusted().other;
  if (!other) return fail(Fault::missing, "there is one CA; its list is /crl");
  return registry_->whole_list(*r.rollover.generation_of(other->issuing.subject_key_id));
}

// The numbers of both CAs' lists are from one row, so that each list's only rise.
Result<RevocationList> Identity::Registry::whole_list(std::uint32_t issuer) {
  const auto now = clock.now();
  const auto too_long = [] {
    return fail(Fault::missing,
                "the whole list would be too long; each certificate names the list that it is on, "
                "/crl/{number}.crl, and /ocsp answers for every one");
  };
  std::int64_t number = 0;
  Instant last = now;
  {
    auto rows = store.read("SELECT max(number) FROM identity_list");
    if (rows.next()) number = rows.integer(0);
  }
  {
    auto rows = store.read("SELECT this_update, stale, der FROM identity_list WHERE issuer = ?",
                           {std::int64_t{issuer}});
    if (rows.next()) {
      last = instant(rows.integer(0));
      const bool fresh = rows.integer(1) == 0 && now >= last && now < last + whole_list_age_max;
      if (const auto der = rows.blob(2); fresh) return Bytes(der.begin(), der.end());
    }
  }
  if (now < whole_list_too_long_until && now + too_long_for >= whole_list_too_long_until)
    return too_long();
  auto entries = revoked_since(last, issuer);
  if (entries.size() > Identity::whole_list_max) {
    whole_list_too_long_until = now + too_long_for;
    return too_long();
  }
  return order({.number = static_cast<std::uint64_t>(number) + 1,
                .this_update = now,
                .next_update = now + crl_life},
               std::move(entries), issuer);
}

Result<RevocationList> Identity::crl(std::uint32_t n) {
  auto& r = *registry_;
  const auto now = r.clock.now();
  auto rows = r.store.read(
      "SELECT s.url, s.list_number, s.this_update, s.stale, l.der, s.issuer FROM identity_shard s"
      " LEFT JOIN identity_shard_list l ON l.number = s.number WHERE s.number = ?",
      {std::int64_t{n}});
  if (!rows.next()) return fail(Fault::missing, "there is no revocation list " + std::to_string(n));
  const auto number = static_cast<std::uint64_t>(rows.integer(1));
  const Instant last = number ? instant(rows.integer(2)) : now;
  const bool fresh = number && rows.integer(3) == 0 && now >= last && now < last + crl_life / 2;
  const auto issuer = number32(rows.integer(5));
  const bool held = !r.rollover.key_id_of(issuer).empty();  // else the last one stands
  if (const auto der = rows.blob(4); fresh || (!held && !der.empty()))
    return Bytes(der.begin(), der.end());
  if (!held)
    return fail(Fault::missing, "the CA of revocation list " + std::to_string(n) + " is gone");
  return r.order({.number = number + 1,
                  .this_update = now,
                  .next_update = now + crl_life,
                  .scope = {.shard_uri = rows.text(0), .only_user_certificates = true}},
                 r.revoked_in(n, last), issuer);
}

// Who has not expired by `from`: RFC 5280 section 3.3 wants an entry on at least one list that is
// made after the certificate's end.
std::vector<crypto::Revoked> Identity::Registry::revoked_since(Instant from,
                                                               std::uint32_t issuer) const {
  std::vector<crypto::Revoked> entries;
  auto rows = store.read(
      "SELECT serial, revoked_at, reason FROM identity_certificate"
      " WHERE status = 3 AND status >= 2 AND not_after >= ? AND issuer = ? LIMIT ?",
      {millis(from), std::int64_t{issuer}, static_cast<std::int64_t>(whole_list_max + 1)});
  while (rows.next()) entries.push_back(revoked_of(rows));
  return entries;
}

std::vector<crypto::Revoked> Identity::Registry::revoked_in(std::uint32_t n, Instant from) const {
  std::vector<crypto::Revoked> entries;
  auto rows = store.read(
      "SELECT serial, revoked_at, reason FROM identity_certificate"
      " WHERE status = 3 AND shard = ? AND not_after >= ?",
      {std::int64_t{n}, millis(from)});
  while (rows.next()) entries.push_back(revoked_of(rows));
  return entries;
}

Bytes Identity::file_crl(const signer::CrlOrder& order, Bytes der) {
  auto& r = *registry_;
  const auto& terms = order.terms;
  const auto at = r.listed.find(terms.scope.shard_uri + to_hex(order.issuer));
  const std::int64_t stale = at == r.listed.end() || at->second != r.revocations;
  const auto number = static_cast<std::int64_t>(terms.number);
  auto& writer = r.ledger.observe();
  if (const auto n = r.shard_at(terms.scope.shard_uri)) {
    writer.write(
        "UPDATE identity_shard SET list_number = ?, this_update = ?, stale = ? WHERE number = ?",
        {number, millis(terms.this_update), stale, std::int64_t{n}});
    writer.write("INSERT OR REPLACE INTO identity_shard_list(number, der) VALUES(?,?)",
                 {std::int64_t{n}, ByteView(der)});
  } else {
    writer.write(
        "INSERT OR REPLACE INTO identity_list(issuer, number, this_update, stale, der)"
        " VALUES(?,?,?,?,?)",
        {std::int64_t{r.rollover.generation_of(order.issuer).value_or(r.rollover.generation())},
         number, millis(terms.this_update), stale, ByteView(der)});
  }
  r.tidy();
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
