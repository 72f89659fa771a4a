// How rollouts stand in the store. Enums are numbers there, in the order of their declaration; of a
// live rollout the counts are made anew from its targets, of an ended one they are stored.
#include "rollout/internal/book.h"
#include "rollout/internal/plan.h"

namespace muster::rollout {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE rollout_rollout(id INTEGER PRIMARY KEY, release TEXT NOT NULL, plan TEXT NOT"
    " NULL, seed INTEGER NOT NULL, state INTEGER NOT NULL, wave INTEGER NOT NULL, reason TEXT NOT"
    " NULL, started_at INTEGER NOT NULL, resumed_at INTEGER NOT NULL, turned_at INTEGER NOT NULL,"
    " ended_at INTEGER);"
    "CREATE TABLE rollout_wave(rollout INTEGER NOT NULL REFERENCES rollout_rollout(id),"
    " wave INTEGER NOT NULL, targets INTEGER NOT NULL, state INTEGER NOT NULL, opened_at INTEGER,"
    " settled_at INTEGER NOT NULL, counts TEXT NOT NULL, PRIMARY KEY(rollout, wave)) WITHOUT ROWID;"
    "CREATE TABLE rollout_target(rollout INTEGER NOT NULL, device TEXT NOT NULL,"
    " position INTEGER NOT NULL, wave INTEGER NOT NULL, outcome INTEGER NOT NULL DEFAULT 0,"
    " leg INTEGER NOT NULL DEFAULT 0, sick INTEGER NOT NULL DEFAULT 0,"
    " number INTEGER NOT NULL DEFAULT 0, back_number INTEGER NOT NULL DEFAULT 0,"
    " origin TEXT NOT NULL DEFAULT '', since INTEGER NOT NULL DEFAULT 0,"
    " detail TEXT NOT NULL DEFAULT '', PRIMARY KEY(rollout, device)) WITHOUT ROWID;"
    "CREATE INDEX rollout_target_by_outcome ON rollout_target(rollout, outcome, device);"
    "CREATE INDEX rollout_target_by_device ON rollout_target(device, rollout)",
    "ALTER TABLE rollout_rollout ADD COLUMN anew_at INTEGER NOT NULL DEFAULT 0"};

std::int64_t number_of(auto value) {
  return static_cast<std::int64_t>(value);
}

store::Value time_or_null(const std::optional<Instant>& at) {
  if (at) return millis(*at);
  return nullptr;
}

std::string counts_text(const WaveProgress& w) {
  auto out = wire::Json::array({w.offered, w.installed, w.failed, w.reverted, w.silent});
  for (const std::size_t n : w.outcomes) out.push(n);
  return wire::to_text(out);
}

std::unexpected<Error> corrupt(const Course& c, const std::string& why) {
  return fail(Fault::corrupt,
              "rollout " + std::to_string(c.id.number) + " in the store does not read: " + why);
}

Result<void> read_counts(const Course& c, WaveProgress& w, std::string_view text) {
  TRY(const auto json, wire::parse_json(text));
  const auto* items = json.items();
  if (!items || items->size() != 5 + w.outcomes.size()) return corrupt(c, "its counts are cut");
  std::vector<std::size_t> n;
  for (const auto& item : *items) {
    if (!item.integer()) return corrupt(c, "its counts are no numbers");
    n.push_back(static_cast<std::size_t>(*item.integer()));
  }
  w.offered = n[0];
  w.installed = n[1];
  w.failed = n[2];
  w.reverted = n[3];
  w.silent = n[4];
  std::copy(n.begin() + 5, n.end(), w.outcomes.begin());
  return {};
}

// Columns: device, wave, outcome, leg, sick, number, back_number, since; position and origin are
// the caller's.
Result<Member> read_member(const Course& c, const store::Rows& rows) {
  Member m;
  TRY(m.device, DeviceId::parse(rows.text(0)));
  m.wave = static_cast<std::uint8_t>(rows.integer(1));
  m.outcome = static_cast<Outcome>(rows.integer(2));
  m.leg = static_cast<Leg>(rows.integer(3));
  m.sick = rows.integer(4) != 0;
  m.number = static_cast<std::uint64_t>(rows.integer(5));
  m.back_number = static_cast<std::uint64_t>(rows.integer(6));
  m.since = instant(rows.integer(7));
  if (m.wave >= c.waves.size()) return corrupt(c, "a target is in no wave");
  return m;
}

}  // namespace

Result<void> Rollouts::Book::load() {
  TRY_VOID(store.migrate("rollout", steps));
  TRY_VOID(load_courses());
  for (auto& [id, c] : courses) {
    TRY_VOID(load_waves(c));
    if (c.live() || c.state == State::reverted) TRY_VOID(load_members(c));
    if (c.live()) live.insert(id);
  }
  return {};
}

Result<void> Rollouts::Book::load_courses() {
  auto rows = store.read(
      "SELECT id, plan, seed, state, wave, reason, started_at, resumed_at, turned_at, ended_at,"
      " anew_at FROM rollout_rollout ORDER BY id");
  while (rows.next()) {
    Course c;
    c.id.number = static_cast<std::uint64_t>(rows.integer(0));
    TRY(const auto json, wire::parse_json(rows.text(1)));
    TRY(c.plan, read_plan(json));
    c.seed = static_cast<std::uint64_t>(rows.integer(2));
    c.state = static_cast<State>(rows.integer(3));
    c.wave = static_cast<std::size_t>(rows.integer(4));
    c.reason = rows.text(5);
    c.started_at = instant(rows.integer(6));
    c.resumed_at = instant(rows.integer(7));
    c.turned_at = instant(rows.integer(8));
    if (!rows.null(9)) c.ended_at = instant(rows.integer(9));
    c.anew_at = instant(rows.integer(10));
    if (c.wave >= c.plan.waves.size()) return corrupt(c, "it is in a wave that it does not have");
    const auto id = c.id;
    courses.emplace(id, std::move(c));
  }
  return {};
}

Result<void> Rollouts::Book::load_waves(Course& c) {
  auto rows = store.read(
      "SELECT targets, state, opened_at, settled_at, counts FROM rollout_wave"
      " WHERE rollout = ? ORDER BY wave",
      {number_of(c.id.number)});
  while (rows.next() && c.waves.size() < c.plan.waves.size()) {
    WaveProgress w;
    w.wave = c.plan.waves[c.waves.size()];
    w.targets = static_cast<std::size_t>(rows.integer(0));
    w.state = static_cast<WaveState>(rows.integer(1));
    if (!rows.null(2)) w.opened_at = instant(rows.integer(2));
    c.settled_at.push_back(instant(rows.integer(3)));
    if (!c.live()) TRY_VOID(read_counts(c, w, rows.text(4)));
    c.waves.push_back(w);
  }
  if (c.waves.size() != c.plan.waves.size()) return corrupt(c, "it lacks a wave");
  return {};
}

// Of a live rollout all, by position; of a reverted one those that are still offered the way back.
Result<void> Rollouts::Book::load_members(Course& c) {
  auto rows = store.read(
      "SELECT device, wave, outcome, leg, sick, number, back_number, since, origin"
      " FROM rollout_target WHERE rollout = ? AND (? OR leg = ?) ORDER BY position",
      {number_of(c.id.number), std::int64_t{c.live()}, number_of(Leg::late)});
  while (rows.next()) {
    TRY(auto m, read_member(c, rows));
    m.origin = origin_of(c, rows.text(8));
    c.members.push_back(std::move(m));
  }
  for (std::size_t i = 0; i < c.members.size(); ++i) {
    if (c.live()) c.count(c.members[i]);
    places.insert_or_assign(c.members[i].device.text(), Place{&c, i});
    if (c.live()) await(c, i);
  }
  return {};
}

void Rollouts::Book::insert(store::Writer& writer, const Course& c) const {
  const auto plan = wire::to_text(to_json(c.plan));
  const auto id = number_of(c.id.number);
  writer.write(
      "INSERT INTO rollout_rollout VALUES(?,?,?,?,?,?,?,?,?,?,?,0)",
      {id, c.plan.release, plan, number_of(c.seed), number_of(c.state), number_of(c.wave), c.reason,
       millis(c.started_at), millis(c.resumed_at), millis(c.turned_at), time_or_null(c.ended_at)});
  for (std::size_t i = 0; i < c.waves.size(); ++i)
    writer.write(
        "INSERT INTO rollout_wave(rollout, wave, targets, state, settled_at, counts)"
        " VALUES(?,?,?,0,0,'')",
        {id, number_of(i), number_of(c.waves[i].targets)});
}

void Rollouts::Book::write(store::Writer& writer, const Course& c) const {
  writer.write(
      "UPDATE rollout_rollout SET state = ?, wave = ?, reason = ?, resumed_at = ?, turned_at = ?,"
      " ended_at = ?, anew_at = ? WHERE id = ?",
      {number_of(c.state), number_of(c.wave), c.reason, millis(c.resumed_at), millis(c.turned_at),
       time_or_null(c.ended_at), millis(c.anew_at), number_of(c.id.number)});
}

void Rollouts::Book::write_wave(store::Writer& writer, const Course& c, std::size_t i) const {
  const WaveProgress& w = c.waves[i];
  const auto counts = counts_text(w);
  writer.write(
      "UPDATE rollout_wave SET state = ?, opened_at = ?, settled_at = ?, counts = ?"
      " WHERE rollout = ? AND wave = ?",
      {number_of(w.state), time_or_null(w.opened_at), millis(c.settled_at[i]), counts,
       number_of(c.id.number), number_of(i)});
}

void Rollouts::Book::write_member(store::Writer& writer, const Course& c, const Member& m,
                                  std::string_view detail) const {
  writer.write(
      "UPDATE rollout_target SET outcome = ?, leg = ?, sick = ?, number = ?, back_number = ?,"
      " origin = ?, since = ?, detail = ? WHERE rollout = ? AND device = ?",
      {number_of(m.outcome), number_of(m.leg), number_of(m.sick), number_of(m.number),
       number_of(m.back_number), c.origins[m.origin].release, millis(m.since), detail,
       number_of(c.id.number), m.device.text()});
}

// The latest ended rollout in which this device was told to run this release, there or back.
std::optional<std::pair<Course*, Member>> Rollouts::Book::ended_member(const DeviceId& device,
                                                                       const std::string& release) {
  auto rows = store.read(
      "SELECT t.device, t.wave, t.outcome, t.leg, t.sick, t.number, t.back_number, t.since,"
      " t.origin, t.rollout FROM rollout_target t JOIN rollout_rollout r ON r.id = t.rollout"
      " WHERE t.device = ? AND t.number > 0 AND r.ended_at IS NOT NULL"
      " AND (r.release = ? OR (t.back_number > 0 AND t.origin = ?))"
      " ORDER BY t.rollout DESC LIMIT 1",
      {device.text(), release, release});
  if (!rows.next()) return std::nullopt;
  Course& c = courses.at({static_cast<std::uint64_t>(rows.integer(9))});
  auto m = read_member(c, rows);
  if (!m) throw store::Broken(m.error().message);
  m->origin = origin_of(c, rows.text(8));
  return std::pair{&c, std::move(*m)};
}

}  // namespace muster::rollout
