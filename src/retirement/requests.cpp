// What operators ask for, who approves it, and what then begins.

#include <algorithm>
#include <limits>

#include "retirement/internal/register.h"

namespace muster::retirement {
namespace {

constexpr const char* migrations[] = {
    "CREATE TABLE retirement_request(id INTEGER PRIMARY KEY, decision INTEGER NOT NULL,"
    " requested_by TEXT NOT NULL, reason TEXT NOT NULL, selector TEXT NOT NULL,"
    " requested_at INTEGER NOT NULL, second INTEGER NOT NULL, within INTEGER,"
    " decided_by TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '', decided_at INTEGER);"
    "CREATE INDEX retirement_request_decision ON retirement_request(decision);"
    "CREATE TABLE retirement_case(device TEXT NOT NULL, request INTEGER NOT NULL,"
    " step INTEGER NOT NULL, wipe_order INTEGER NOT NULL DEFAULT 0, nonce BLOB,"
    " ordered_at INTEGER, deadline INTEGER, ended_at INTEGER, statement BLOB, certificate BLOB,"
    " PRIMARY KEY(device, request)) WITHOUT ROWID;"
    "CREATE INDEX retirement_case_request ON retirement_case(request, device);"
    "CREATE INDEX retirement_case_wiping ON retirement_case(step) WHERE step = 2;"
    "CREATE TABLE retirement_certificate(device TEXT PRIMARY KEY, document TEXT NOT NULL)"
    " WITHOUT ROWID;"};

constexpr Duration shortest = 1s, longest = 366 * 24h;
constexpr std::size_t nonce_octets = 32;

Result<void> check_words(std::string_view words, std::size_t most, const char* field) {
  if (!words.empty() && words.size() <= most) return {};
  return fail(Fault::invalid,
              "is 1 to " + std::to_string(most) + " octets of words; they go to the ledger", field);
}

std::optional<Instant> maybe_instant(const store::Rows& rows, int column) {
  return rows.null(column) ? std::nullopt : std::optional(instant(rows.integer(column)));
}

Request request_of(const store::Rows& rows) {
  Request out{.id = static_cast<std::uint64_t>(rows.integer(0)),
              .requested_by = rows.text(2),
              .reason = rows.text(3),
              .selector = rows.text(4),
              .requested_at = instant(rows.integer(5)),
              .second_operator = rows.integer(6) != 0,
              .within = {},
              .decided_by = rows.text(8),
              .why = rows.text(9),
              .decided_at = maybe_instant(rows, 10)};
  if (!rows.null(7)) out.within = Duration(rows.integer(7));
  return out;
}

// How far it is, from the decision and the steps of its devices.
void count_steps(const store::Store& store, Request& request, Decision decision) {
  auto rows =
      store.read("SELECT step, count(*) FROM retirement_case WHERE request = ? GROUP BY step",
                 {stored(request.id)});
  while (rows.next()) {
    const auto count = static_cast<std::size_t>(rows.integer(1));
    request.steps[static_cast<std::size_t>(rows.integer(0))] = count;
    request.devices += count;
  }
  const bool wiping = request.steps[static_cast<std::size_t>(Step::wiping)] > 0;
  request.state = decision == Decision::waiting    ? State::waiting
                  : decision == Decision::rejected ? State::rejected
                  : wiping                         ? State::running
                                                   : State::done;
}

// Newest first.
std::vector<Request> requests_between(const store::Store& store, std::uint64_t first,
                                      std::uint64_t last, std::size_t limit) {
  std::vector<Request> out;
  auto rows = store.read(
      "SELECT id, decision, requested_by, reason, selector, requested_at, second, within,"
      " decided_by, why, decided_at FROM retirement_request WHERE id BETWEEN ? AND ?"
      " ORDER BY id DESC LIMIT ?",
      {stored(first), stored(last), stored(limit)});
  while (rows.next()) {
    out.push_back(request_of(rows));
    count_steps(store, out.back(), static_cast<Decision>(rows.integer(1)));
  }
  return out;
}

Case case_of(const store::Rows& rows) {
  return {.device = certain(DeviceId::parse(rows.text(0))),
          .request = static_cast<std::uint64_t>(rows.integer(1)),
          .step = static_cast<Step>(rows.integer(2)),
          .order = static_cast<std::uint64_t>(rows.integer(3)),
          .ordered_at = maybe_instant(rows, 4),
          .deadline = maybe_instant(rows, 5),
          .ended_at = maybe_instant(rows, 6)};
}

}  // namespace

Result<Retirements> Retirements::open(store::Store& store, ledger::Ledger& ledger,
                                      inventory::Inventory& inventory, identity::Identity& identity,
                                      const crypto::SigningKey& key, const Clock& clock,
                                      Random& random, Settings settings) {
  if (settings.within < shortest || settings.within > longest)
    return fail(Fault::invalid, "the time to wipe is between 1s and 366d");
  TRY_VOID(store.migrate("retirement", migrations));
  auto kept =
      std::make_unique<Register>(store, ledger, inventory, identity, key, clock, random, settings);
  TRY_VOID(kept->load());
  return Retirements(std::move(kept));
}

Result<void> Retirements::Register::load() {
  auto rows = store.read("SELECT deadline, device FROM retirement_case WHERE step = ?",
                         {number_of(Step::wiping)});
  while (rows.next()) {
    TRY(auto id, DeviceId::parse(rows.text(1)));
    deadlines.emplace(instant(rows.integer(0)), std::move(id));
  }
  return {};
}

// The devices in order, each once, if all of them may be asked for.
Result<std::vector<DeviceId>> Retirements::Register::check(const Plan& plan) const {
  TRY_VOID(check_words(plan.reason, 512, "/reason"));
  if (plan.within && (*plan.within < shortest || *plan.within > longest))
    return fail(Fault::invalid, "is between 1s and 366d", "/deadline_s");
  auto devices = plan.devices;
  std::ranges::sort(devices);
  devices.erase(std::ranges::unique(devices).begin(), devices.end());
  if (devices.empty())
    return fail(Fault::invalid, "no device is chosen",
                plan.selector.empty() ? "/devices" : "/selector");
  if (devices.size() > devices_max)
    return fail(Fault::invalid,
                std::to_string(devices.size()) + " devices are chosen, and one request takes " +
                    std::to_string(devices_max) + "; ask for them in parts",
                plan.selector.empty() ? "/devices" : "/selector");
  for (const auto& id : devices) {
    const auto* device = inventory.find(id);
    if (!device) return fail(Fault::missing, "there is no device " + id.text(), "/devices");
    if (inventory::is_leaving(device->state))
      return fail(Fault::conflict,
                  "device " + id.text() + " is " + name_of(device->state) + " already", "/devices");
    auto rows = store.read("SELECT request FROM retirement_case WHERE device = ? AND step = ?",
                           {id.text(), number_of(Step::waiting)});
    if (rows.next())
      return fail(Fault::conflict,
                  "device " + id.text() + " is in retirement " + std::to_string(rows.integer(0)) +
                      ", which waits for approval",
                  "/devices");
  }
  return devices;
}

bool Retirements::Register::wants_second(const std::vector<DeviceId>& devices) const {
  return std::ranges::any_of(devices, [&](const DeviceId& id) {
    const auto* model = inventory.model(inventory.find(id)->model);
    return model && model->second_operator;
  });
}

Result<std::uint64_t> Retirements::request(Plan plan, ledger::Actor by) {
  auto& r = *register_;
  TRY(const auto devices, r.check(plan));
  const bool second = r.wants_second(devices);
  std::uint64_t id = 1;
  {
    auto rows = r.store.read("SELECT max(id) FROM retirement_request");
    if (rows.next() && !rows.null(0)) id = static_cast<std::uint64_t>(rows.integer(0)) + 1;
  }
  auto names = wire::Json::array();
  for (const auto& device : devices) names.push(device.text());
  auto detail = wire::Json::object({{"devices", std::move(names)}, {"second_operator", second}});
  if (!plan.selector.empty()) detail.set("selector", plan.selector);
  if (plan.within) detail.set("within_ms", std::int64_t{plan.within->count()});
  auto& writer =
      r.ledger.record({by, "retirement.requested", target_of(id), std::move(detail), plan.reason});
  writer.write(
      "INSERT INTO retirement_request(id, decision, requested_by, reason, selector, requested_at,"
      " second, within) VALUES(?,?,?,?,?,?,?,?)",
      {stored(id), number_of(second ? Decision::waiting : Decision::approved), by.name, plan.reason,
       plan.selector, millis(r.clock.now()), std::int64_t{second},
       plan.within ? store::Value(std::int64_t{plan.within->count()}) : store::Value(nullptr)});
  for (const auto& device : devices)
    writer.write("INSERT INTO retirement_case(device, request, step) VALUES(?,?,?)",
                 {device.text(), stored(id), number_of(Step::waiting)});
  if (!second) r.start(id, by);
  r.tell(id);
  return id;
}

Instant Retirements::Register::deadline_of(const inventory::Device& device,
                                           const std::optional<Duration>& within) const {
  const auto* model = inventory.model(device.model);
  const Duration asked = within                          ? *within
                         : model && model->retire_within ? *model->retire_within
                                                         : settings.within;
  Instant certified = clock.now();  // without one it can bring no statement
  for (const auto& each : identity.certificates(device.id))
    if (each.status == identity::CertificateStatus::pending ||
        each.status == identity::CertificateStatus::valid)
      certified = std::max(certified, each.not_after);
  return std::min(clock.now() + asked, certified);
}

void Retirements::Register::start(std::uint64_t id, const ledger::Actor& by) {
  std::vector<Case> all;
  {
    auto rows = store.read(
        "SELECT device, request, step, wipe_order, ordered_at, deadline, ended_at"
        " FROM retirement_case WHERE request = ? AND step = ? ORDER BY device",
        {stored(id), number_of(Step::waiting)});
    while (rows.next()) all.push_back(case_of(rows));
  }
  const Request request = requests_between(store, id, id, 1).at(0);  // whoever starts it found it
  for (auto& each : all) begin(std::move(each), request, by);
}

void Retirements::Register::begin(Case c, const Request& request, const ledger::Actor& by) {
  const auto* device = inventory.find(c.device);
  if (inventory::is_leaving(device->state)) return end(ledger.observe(), c, Step::skipped);
  if (device->state == inventory::Lifecycle::expected) {
    end(ledger.record({by, "retirement.nothing-to-wipe", target_of(c.device),
                       wire::Json::object({{"request", request.id}})}),
        c, Step::nothing_to_wipe);
    certain(inventory.retire(c.device, by, request.reason));
    return;
  }
  Bytes nonce(nonce_octets);
  random.fill(nonce);
  const Instant deadline = deadline_of(*device, request.within);
  auto& writer =
      ledger.record({by, "retirement.ordered", target_of(c.device),
                     wire::Json::object({{"request", request.id}, {"deadline", rfc3339(deadline)}}),
                     request.reason});
  writer.write(
      "UPDATE retirement_case SET step = ?, wipe_order = ?, nonce = ?, ordered_at = ?,"
      " deadline = ? WHERE device = ? AND request = ?",
      {number_of(Step::wiping), stored(ledger.size()), ByteView(nonce), millis(clock.now()),
       millis(deadline), c.device.text(), stored(request.id)});
  deadlines.emplace(deadline, c.device);
  certain(inventory.begin_retirement(c.device, by, request.reason));
}

Result<void> Retirements::approve(std::uint64_t id, ledger::Actor by) {
  auto& r = *register_;
  TRY(const auto request, find(id));
  if (request.state != State::waiting)
    return fail(Fault::conflict, "retirement " + std::to_string(id) + " is " +
                                     name_of(request.state) + "; it waits for nobody");
  if (request.requested_by == by.name) {
    r.ledger.record({by,
                     "retirement.approval-refused",
                     target_of(id),
                     {},
                     "whoever asked for it may not approve it"});
    return fail(Fault::forbidden,
                "you asked for this retirement yourself; another operator has to approve it");
  }
  r.ledger
      .record({by, "retirement.approved", target_of(id),
               wire::Json::object({{"requested_by", request.requested_by},
                                   {"devices", static_cast<std::uint64_t>(request.devices)}})})
      .write(
          "UPDATE retirement_request SET decision = ?, decided_by = ?, decided_at = ? WHERE id = ?",
          {number_of(Decision::approved), by.name, millis(r.clock.now()), stored(id)});
  r.start(id, by);
  r.tell(id);
  return {};
}

Result<void> Retirements::reject(std::uint64_t id, ledger::Actor by, std::string why) {
  auto& r = *register_;
  TRY_VOID(check_words(why, 512, "/reason"));
  TRY(const auto request, find(id));
  if (request.state != State::waiting)
    return fail(Fault::conflict, "retirement " + std::to_string(id) + " is " +
                                     name_of(request.state) + "; it waits for nobody");
  auto& writer = r.ledger.record({by, "retirement.rejected", target_of(id), {}, why});
  writer.write(
      "UPDATE retirement_request SET decision = ?, decided_by = ?, why = ?, decided_at = ?"
      " WHERE id = ?",
      {number_of(Decision::rejected), by.name, why, millis(r.clock.now()), stored(id)});
  writer.write("UPDATE retirement_case SET step = ?, ended_at = ? WHERE request = ?",
               {number_of(Step::rejected), millis(r.clock.now()), stored(id)});
  r.tell(id);
  return {};
}

Result<Request> Retirements::find(std::uint64_t id) const {
  auto found = requests_between(register_->store, id, id, 1);
  if (found.empty()) return fail(Fault::missing, "there is no retirement " + std::to_string(id));
  return std::move(found.front());
}

std::vector<Request> Retirements::list(std::size_t limit) const {
  return requests_between(register_->store, 0, std::numeric_limits<std::int64_t>::max(), limit);
}

std::vector<Case> Retirements::cases(std::uint64_t request) const {
  std::vector<Case> out;
  auto rows = register_->store.read(
      "SELECT device, request, step, wipe_order, ordered_at, deadline, ended_at"
      " FROM retirement_case WHERE request = ? ORDER BY device",
      {stored(request)});
  while (rows.next()) out.push_back(case_of(rows));
  return out;
}

std::optional<Case> Retirements::of(const DeviceId& id) const {
  auto rows = register_->store.read(
      "SELECT device, request, step, wipe_order, ordered_at, deadline, ended_at"
      " FROM retirement_case WHERE device = ? ORDER BY request DESC LIMIT 1",
      {id.text()});
  if (!rows.next()) return std::nullopt;
  return case_of(rows);
}

std::size_t Retirements::waiting() const {
  auto rows = register_->store.read("SELECT count(*) FROM retirement_request WHERE decision = ?",
                                    {number_of(Decision::waiting)});
  return rows.next() ? static_cast<std::size_t>(rows.integer(0)) : 0;
}

}  // namespace muster::retirement
