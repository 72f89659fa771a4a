#include "segment/segment.h"

#include <array>
#include <unordered_map>

#include "wire/json.h"

namespace muster::segment {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE segment_isolation(device TEXT PRIMARY KEY, level TEXT NOT NULL,"
    " reason TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;"};

constexpr std::array level_names{"restricted", "blocked"};

Result<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (text == level_names[i]) return static_cast<Level>(i);
  return fail(Fault::corrupt, "an isolation in the store has an unknown level");
}

std::string target_of(const DeviceId& id) {
  return "device/" + id.text();
}

}  // namespace

const char* name_of(Level level) {
  return level_names[static_cast<std::size_t>(level)];
}

struct Segment::State {
  State(store::Store& s, ledger::Ledger& l, inventory::Inventory& i, const Clock& c)
      : store(s), ledger(l), inventory(i), clock(c) {}

  Result<void> load();
  void follow(const inventory::Device&);
  void lift(const DeviceId&, ledger::Actor, std::string reason);

  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  const Clock& clock;
  std::unordered_map<DeviceId, Isolation> isolations;
  std::optional<std::pair<ledger::Actor, std::string>> release_by;  // while release() runs
  std::vector<std::function<void(const DeviceId&, Level)>> listeners;
};

Result<Segment> Segment::open(store::Store& store, ledger::Ledger& ledger,
                              inventory::Inventory& inventory, const Clock& clock) {
  TRY_VOID(store.migrate("segment", steps));
  auto state = std::make_unique<State>(store, ledger, inventory, clock);
  TRY_VOID(state->load());
  inventory.on_change([s = state.get()](const inventory::Device& d, inventory::Change change) {
    if (change == inventory::Change::state_changed) s->follow(d);
  });
  return Segment(std::move(state));
}

Segment::Segment(std::unique_ptr<State> state) : state_(std::move(state)) {}
Segment::Segment(Segment&&) noexcept = default;
Segment::~Segment() = default;

Result<void> Segment::State::load() {
  auto rows = store.read("SELECT device, level, reason, since FROM segment_isolation");
  while (rows.next()) {
    TRY(auto id, DeviceId::parse(rows.text(0)));
    TRY(const auto level, parse_level(rows.text(1)));
    isolations.emplace(std::move(id), Isolation{level, rows.text(2), instant(rows.integer(3))});
  }
  return {};
}

// Whoever lets a quarantined device go, or retires it, ends its isolation too.
void Segment::State::follow(const inventory::Device& d) {
  if (d.state == inventory::Lifecycle::quarantined || !isolations.contains(d.id)) return;
  if (release_by)
    lift(d.id, release_by->first, release_by->second);
  else
    lift(d.id, ledger::system_actor("segment"),
         std::string("the device is ") + inventory::name_of(d.state));
}

void Segment::State::lift(const DeviceId& id, ledger::Actor by, std::string reason) {
  ledger.record({std::move(by), "segment.released", target_of(id), {}, std::move(reason)})
      .write("DELETE FROM segment_isolation WHERE device = ?", {id.text()});
  isolations.erase(id);
}

Result<void> Segment::isolate(const DeviceId& id, Level level, ledger::Actor by,
                              std::string reason) {
  auto& s = *state_;
  if (const auto* now = isolation(id); now && now->level == level) return {};
  TRY_VOID(s.inventory.quarantine(id, by, reason));
  Isolation isolation{level, std::move(reason), s.clock.now()};
  s.ledger
      .record({std::move(by), "segment.isolated", target_of(id),
               wire::Json::object({{"level", name_of(level)}}), isolation.reason})
      .write(
          "INSERT INTO segment_isolation(device, level, reason, since) VALUES(?,?,?,?)"
          " ON CONFLICT(device) DO UPDATE SET level = excluded.level, reason = excluded.reason,"
          " since = excluded.since",
          {id.text(), name_of(level), isolation.reason, millis(isolation.since)});
  s.isolations.insert_or_assign(id, std::move(isolation));
  for (const auto& listener : s.listeners) listener(id, level);
  return {};
}

Result<void> Segment::release(const DeviceId& id, ledger::Actor by, std::string reason) {
  if (!isolation(id)) return fail(Fault::conflict, "device " + id.text() + " is not isolated");
  state_->release_by.emplace(by, reason);
  auto released = state_->inventory.release(id, std::move(by), std::move(reason));
  state_->release_by.reset();
  return released;
}

const Isolation* Segment::isolation(const DeviceId& id) const {
  const auto at = state_->isolations.find(id);
  return at == state_->isolations.end() ? nullptr : &at->second;
}

std::size_t Segment::isolated() const {
  return state_->isolations.size();
}

void Segment::on_isolated(std::function<void(const DeviceId&, Level)> listener) {
  state_->listeners.push_back(std::move(listener));
}

}  // namespace muster::segment
