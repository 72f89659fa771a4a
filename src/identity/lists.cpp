// Revocation lists, whole and by shard.

#include "identity/internal/lists.h"

#include "identity/rollover.h"

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

Result<void> Lists::load() {
  TRY_VOID(store_.migrate("identity_revocation", steps));
  auto rows = store_.read("SELECT number, url, issued FROM identity_shard ORDER BY number DESC");
  if (!rows.next()) return {};
  open_shard_ = number32(rows.integer(0));
  const bool same = rows.text(1) == url_of(open_shard_);
  in_open_shard_ = same ? static_cast<std::size_t>(rows.integer(2)) : settings_.shard_certificates;
  return {};
}

std::string Lists::url_of(std::uint32_t n) const {
  return n ? settings_.pki_url + "/crl/" + std::to_string(n) + ".crl" : std::string();
}

// A commission that comes to nothing leaves its place empty until the next start.
std::uint32_t Lists::take_place() {
  if (settings_.pki_url.empty()) return 0;
  if (open_shard_ == 0 || in_open_shard_ >= settings_.shard_certificates) {
    ++open_shard_;
    in_open_shard_ = 0;
    ledger_.observe().write(
        "INSERT INTO identity_shard(number, url, issued, list_number, this_update, stale, issuer)"
        " VALUES(?,?,0,0,0,1,?)",
        {std::int64_t{open_shard_}, url_of(open_shard_), std::int64_t{rollover_.generation()}});
  }
  ++in_open_shard_;
  return open_shard_;
}

std::uint32_t Lists::shard_at(const std::string& url) const {
  if (url.empty()) return 0;
  auto rows = store_.read("SELECT number FROM identity_shard WHERE url = ?", {url});
  return rows.next() ? number32(rows.integer(0)) : 0;
}

void Lists::occupy(store::Writer& writer, std::uint32_t n) const {
  if (n)
    writer.write("UPDATE identity_shard SET issued = issued + 1 WHERE number = ?",
                 {std::int64_t{n}});
}

void Lists::outdate(store::Writer& writer, std::uint32_t n) {
  ++revocations_;
  writer.write("UPDATE identity_list SET stale = 1 WHERE stale = 0");
  if (n)
    writer.write("UPDATE identity_shard SET stale = 1 WHERE number = ? AND stale = 0",
                 {std::int64_t{n}});
}

// What is revoked while the signer is at it is not in it: file() sees that.
RevocationList Lists::order(crypto::CrlTerms terms, std::vector<crypto::Revoked> entries,
                            std::uint32_t issuer) {
  Bytes key_id = rollover_.key_id_of(issuer);
  listed_[terms.scope.shard_uri + to_hex(key_id)] = revocations_;
  return signer::CrlOrder{
      .terms = std::move(terms), .revoked = std::move(entries), .issuer = std::move(key_id)};
}

// The numbers of both CAs' lists are from one row, so that each list's only rise.
Result<RevocationList> Lists::whole(std::uint32_t issuer) {
  const auto now = clock_.now();
  const auto too_long = [] {
    return fail(Fault::missing,
                "the whole list would be too long; each certificate names the list that it is on, "
                "/crl/{number}.crl, and /ocsp answers for every one");
  };
  std::int64_t number = 0;
  Instant last = now;
  {
    auto rows = store_.read("SELECT max(number) FROM identity_list");
    if (rows.next()) number = rows.integer(0);
  }
  {
    auto rows = store_.read("SELECT this_update, stale, der FROM identity_list WHERE issuer = ?",
                            {std::int64_t{issuer}});
    if (rows.next()) {
      last = instant(rows.integer(0));
      const bool fresh = rows.integer(1) == 0 && now >= last && now < last + whole_list_age_max;
      if (const auto der = rows.blob(2); fresh) return Bytes(der.begin(), der.end());
    }
  }
  if (now < whole_too_long_until_ && now + too_long_for >= whole_too_long_until_) return too_long();
  auto entries = revoked_since(std::min(last, now), issuer);  // it is ahead if the clock went back
  if (entries.size() > Identity::whole_list_max) {
    whole_too_long_until_ = now + too_long_for;
    return too_long();
  }
  return order({.number = static_cast<std::uint64_t>(number) + 1,
                .this_update = now,
                .next_update = now + crl_life},
               std::move(entries), issuer);
}

Result<RevocationList> Lists::of_shard(std::uint32_t n) {
  const auto now = clock_.now();
  auto rows = store_.read(
      "SELECT s.url, s.list_number, s.this_update, s.stale, l.der, s.issuer FROM identity_shard s"
      " LEFT JOIN identity_shard_list l ON l.number = s.number WHERE s.number = ?",
      {std::int64_t{n}});
  if (!rows.next()) return fail(Fault::missing, "there is no revocation list " + std::to_string(n));
  const auto number = static_cast<std::uint64_t>(rows.integer(1));
  const Instant last = number ? instant(rows.integer(2)) : now;
  const bool fresh = number && rows.integer(3) == 0 && now >= last && now < last + crl_life / 2;
  const auto issuer = number32(rows.integer(5));
  const bool held = !rollover_.key_id_of(issuer).empty();  // else the last one stands
  if (const auto der = rows.blob(4); fresh || (!held && !der.empty()))
    return Bytes(der.begin(), der.end());
  if (!held)
    return fail(Fault::missing, "the CA of revocation list " + std::to_string(n) + " is gone");
  return order({.number = number + 1,
                .this_update = now,
                .next_update = now + crl_life,
                .scope = {.shard_uri = rows.text(0), .only_user_certificates = true}},
               revoked_in(n, std::min(last, now)), issuer);
}

// Who has not expired by `from`: RFC 5280 section 3.3 wants an entry on at
// least one list that is made after the certificate's end. "status >= 2" is for
// SQLite, which takes a partial index only where its condition is said.
std::vector<crypto::Revoked> Lists::revoked_since(Instant from, std::uint32_t issuer) const {
  std::vector<crypto::Revoked> entries;
  auto rows = store_.read(
      "SELECT serial, revoked_at, reason FROM identity_certificate WHERE status = 3 AND status >= "
      "2 AND not_after >= ? AND issuer = ? LIMIT ?",
      {millis(from), std::int64_t{issuer},
       static_cast<std::int64_t>(Identity::whole_list_max + 1)});
  while (rows.next()) entries.push_back(revoked_of(rows));
  return entries;
}

std::vector<crypto::Revoked> Lists::revoked_in(std::uint32_t n, Instant from) const {
  std::vector<crypto::Revoked> entries;
  auto rows = store_.read(
      "SELECT serial, revoked_at, reason FROM identity_certificate WHERE status = 3 AND shard = ? "
      "AND not_after >= ?",
      {std::int64_t{n}, millis(from)});
  while (rows.next()) entries.push_back(revoked_of(rows));
  return entries;
}

void Lists::file(const signer::CrlOrder& order, ByteView der) {
  const auto& terms = order.terms;
  const auto at = listed_.find(terms.scope.shard_uri + to_hex(order.issuer));
  const std::int64_t stale = at == listed_.end() || at->second != revocations_;
  const auto number = static_cast<std::int64_t>(terms.number);
  auto& writer = ledger_.observe();
  if (const auto n = shard_at(terms.scope.shard_uri)) {
    writer.write(
        "UPDATE identity_shard SET list_number = ?, this_update = ?, stale = ? WHERE number = ?",
        {number, millis(terms.this_update), stale, std::int64_t{n}});
    writer.write("INSERT OR REPLACE INTO identity_shard_list(number, der) VALUES(?,?)",
                 {std::int64_t{n}, der});
  } else if (const auto issuer = rollover_.generation_of(order.issuer)) {
    writer.write(
        "INSERT OR REPLACE INTO identity_list(issuer, number, this_update, stale, der)"
        " VALUES(?,?,?,?,?)",
        {std::int64_t{*issuer}, number, millis(terms.this_update), stale, der});
  }  // else its CA went while it was made: it is nobody's list any more
}

}  // namespace muster::identity
