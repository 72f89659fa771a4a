#include "api/internal/repeats.h"

#include "crypto/hash.h"

namespace muster::api {
namespace {

constexpr Duration kept_for = 24h;

constexpr const char* steps[] = {
    "CREATE TABLE repeat (key BLOB PRIMARY KEY, request BLOB NOT NULL, status INTEGER NOT NULL, "
    "secret INTEGER NOT NULL, "
    "body TEXT NOT NULL, at INTEGER NOT NULL) STRICT; CREATE INDEX repeat_at ON repeat (at);",
};

crypto::Hash key_hash(const Context& c, const std::string& key) {
  return crypto::sha256(bytes_of(c.who.name + '\n' + key));
}

crypto::Hash request_hash(const Context& c) {
  const auto& r = c.request;  // an upload's body is not here, but its digest is
  return crypto::sha256(bytes_of(r.method + ' ' + r.path + '\n' + to_hex(r.spooled_sha256) + '\n'),
                        bytes_of(r.body));
}

}  // namespace

Result<Repeats> Repeats::open(store::Store& store, ledger::Ledger& ledger, const Clock& clock) {
  TRY_VOID(store.migrate("repeats", steps));
  return Repeats(store, ledger, clock);
}

Result<std::optional<Reply>> Repeats::find(const Context& c, const std::string& key) const {
  if (key.empty() || key.size() > 128)
    return fail(Fault::invalid, "must have 1 to 128 characters", "Idempotency-Key");
  auto rows =
      store_.read("SELECT request, status, secret, body FROM repeat WHERE key = ? AND at > ?",
                  {ByteView(key_hash(c, key)), millis(c.clock.now() - kept_for)});
  if (!rows.next()) return std::optional<Reply>{};
  const auto request = request_hash(c);
  if (!crypto::equal_in_constant_time(rows.blob(0), request))
    return fail(Fault::conflict, "was used for a different request; take a new one",
                "Idempotency-Key");
  if (rows.integer(2))
    return fail(
        Fault::conflict,
        "this was done already, and its answer held a secret that is not kept; ask for a new one",
        "Idempotency-Key");
  Reply reply{.status = static_cast<int>(rows.integer(1)),
              .headers = {{"Idempotent-Replay", "true"}}};
  TRY(reply.body, wire::parse_json(rows.text(3), {.bytes = 64 << 20}));
  return std::optional<Reply>(std::move(reply));
}

void Repeats::keep(const Context& c, const std::string& key, const Route& route,
                   const Reply& reply) {
  const auto hash = key_hash(c, key), request = request_hash(c);
  const std::string body = route.secret ? "null" : wire::to_text(reply.body);
  auto& writer = ledger_.observe();
  writer.write("DELETE FROM repeat WHERE at <= ?", {millis(clock_.now() - kept_for)});
  writer.write(
      "INSERT OR REPLACE INTO repeat (key, request, status, secret, body, at) VALUES (?, ?, ?, ?, "
      "?, ?)",
      {ByteView(hash), ByteView(request), std::int64_t{reply.status}, std::int64_t{route.secret},
       std::string_view(body), millis(clock_.now())});
}

}  // namespace muster::api
