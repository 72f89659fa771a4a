#include <algorithm>

#include "actions/internal/book.h"

namespace muster::actions {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE action_device(device TEXT PRIMARY KEY, client INTEGER NOT NULL,"
    " asks INTEGER NOT NULL, told_attributes INTEGER NOT NULL, token BLOB,"
    " open_number INTEGER, open_release TEXT, open_back INTEGER, open_stage INTEGER,"
    " open_at INTEGER, open_word TEXT, open_consented INTEGER,"
    " last_number INTEGER, last_release TEXT, last_back INTEGER, last_stage INTEGER,"
    " last_at INTEGER, last_word TEXT, last_consented INTEGER) WITHOUT ROWID;"
    "CREATE TABLE action_log(device TEXT PRIMARY KEY, number INTEGER NOT NULL,"
    " log TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE action_digest(sha256 TEXT PRIMARY KEY, sha1 TEXT NOT NULL,"
    " md5 TEXT NOT NULL) WITHOUT ROWID;"};

constexpr int columns_of_action = 7;

Result<std::optional<Action>> action_of(const store::Rows& rows, int at) {
  if (rows.null(at)) return std::optional<Action>();
  const auto stage = rows.integer(at + 3);
  if (stage < 0 || stage > static_cast<int>(Stage::cancelled))
    return fail(Fault::corrupt, "an action in the store has an unknown stage");
  return std::optional(Action{.number = static_cast<std::uint64_t>(rows.integer(at)),
                              .release = rows.text(at + 1),
                              .back = rows.integer(at + 2) != 0,
                              .stage = static_cast<Stage>(stage),
                              .at = instant(rows.integer(at + 4)),
                              .word = rows.text(at + 5),
                              .consented = rows.integer(at + 6) != 0});
}

struct Columns {  // of an action, null without one; borrows from it
  explicit Columns(const std::optional<Action>& a) {
    if (!a) return;
    number = static_cast<std::int64_t>(a->number);
    release = std::string_view(a->release);
    back = std::int64_t{a->back};
    stage = static_cast<std::int64_t>(a->stage);
    at = millis(a->at);
    word = std::string_view(a->word);
    consented = std::int64_t{a->consented};
  }
  store::Value number = nullptr, release = nullptr, back = nullptr, stage = nullptr, at = nullptr,
               word = nullptr, consented = nullptr;
};

}  // namespace

Result<void> Actions::Book::load() {
  TRY_VOID(store.migrate("actions", steps));
  auto rows = store.read(
      "SELECT device, client, asks, told_attributes, token,"
      " open_number, open_release, open_back, open_stage, open_at, open_word, open_consented,"
      " last_number, last_release, last_back, last_stage, last_at, last_word, last_consented"
      " FROM action_device");
  while (rows.next()) {
    TRY(auto id, DeviceId::parse(rows.text(0)));
    Kept kept;
    const auto client = rows.integer(1);
    if (client < 0 || client > static_cast<int>(Client::mender))
      return fail(Fault::corrupt, "a device in the store has an unknown update client");
    kept.client = static_cast<Client>(client);
    kept.asks = rows.integer(2) != 0;
    kept.told_attributes = rows.integer(3) != 0;
    if (const auto token = rows.blob(4); token.size() == kept.token.size()) {
      kept.has_token = true;
      std::ranges::copy(token, kept.token.begin());
    }
    TRY(kept.open, action_of(rows, 5));
    TRY(kept.last, action_of(rows, 5 + columns_of_action));
    devices.emplace(std::move(id), std::move(kept));
  }
  auto known = store.read("SELECT sha256, sha1, md5 FROM action_digest");
  while (known.next()) digests.emplace(known.text(0), Digests{known.text(1), known.text(2)});
  return {};
}

void Actions::Book::write(store::Writer& writer, const DeviceId& id, const Kept& kept) const {
  const Columns open(kept.open), last(kept.last);
  const store::Value token = kept.has_token ? store::Value(ByteView(kept.token)) : nullptr;
  writer.write(
      "INSERT OR REPLACE INTO action_device(device, client, asks, told_attributes, token,"
      " open_number, open_release, open_back, open_stage, open_at, open_word, open_consented,"
      " last_number, last_release, last_back, last_stage, last_at, last_word, last_consented)"
      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      {id.text(), static_cast<std::int64_t>(kept.client), std::int64_t{kept.asks},
       std::int64_t{kept.told_attributes}, token, open.number, open.release, open.back, open.stage,
       open.at, open.word, open.consented, last.number, last.release, last.back, last.stage,
       last.at, last.word, last.consented});
}

}  // namespace muster::actions
