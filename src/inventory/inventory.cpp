#include "inventory/inventory.h"

#include <algorithm>

#include "inventory/internal/field.h"

namespace muster::inventory {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE inventory_model(id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT "
    "NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE inventory_device(id TEXT PRIMARY KEY,"
    " model TEXT NOT NULL REFERENCES inventory_model(id), state TEXT NOT NULL, risk TEXT,"
    " groups TEXT NOT NULL, serial TEXT UNIQUE, firmware TEXT NOT NULL DEFAULT '',"
    " release_id TEXT NOT NULL DEFAULT '', desired TEXT, reported TEXT, since INTEGER NOT NULL,"
    " revision INTEGER NOT NULL) WITHOUT ROWID;"
    // Apart from the device, because it is written most often and says least.
    "CREATE TABLE inventory_contact(id TEXT PRIMARY KEY, last_seen INTEGER NOT NULL) WITHOUT "
    "ROWID;",
    "ALTER TABLE inventory_device ADD COLUMN key_store TEXT NOT NULL DEFAULT '';"};

std::vector<std::string> split_groups(std::string_view joined) {
  std::vector<std::string> groups;
  while (!joined.empty()) {
    const auto comma = std::min(joined.find(','), joined.size());
    groups.emplace_back(joined.substr(0, comma));
    joined.remove_prefix(std::min(comma + 1, joined.size()));
  }
  return groups;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::search(text, part, {}, lower, lower).begin() != text.end() || part.empty();
}

Error corrupt(const std::string& what, const std::string& why) {
  return {Fault::corrupt, what + " in the store does not read: " + why};
}

}  // namespace

Result<Inventory> Inventory::open(store::Store& store, ledger::Ledger& ledger, const Clock& clock) {
  TRY_VOID(store.migrate("inventory", steps));
  auto field = std::make_unique<Field>(store, ledger, clock);
  TRY_VOID(field->load());
  return Inventory(std::move(field));
}

Inventory::Inventory(std::unique_ptr<Field> field) : field_(std::move(field)) {}
Inventory::Inventory(Inventory&&) noexcept = default;
Inventory::~Inventory() = default;

Result<void> Inventory::Field::load() {
  TRY_VOID(load_models());
  return load_devices();
}

Result<void> Inventory::Field::load_models() {
  auto rows = store.read("SELECT id, revision, body FROM inventory_model");
  while (rows.next()) {
    Model m;
    TRY(m.id, ModelId::parse(rows.text(0)));
    m.revision = static_cast<std::uint64_t>(rows.integer(1));
    if (auto read = read_model(m, rows.text(2)); !read)
      return std::unexpected(corrupt("model " + m.id.text(), read.error().message));
    models.emplace(m.id, std::move(m));
  }
  return {};
}

namespace {

Result<Device> device_of(const store::Rows& rows, const Model& model) {
  Device d;
  TRY(d.id, DeviceId::parse(rows.text(0)));
  d.model = model.id;
  TRY(d.state, parse_lifecycle(rows.text(2)));
  d.own_risk = !rows.null(3);
  d.risk = model.risk;
  if (d.own_risk) {
    TRY(d.risk, parse_risk(rows.text(3)));
  }
  d.groups = split_groups(rows.text(4));
  d.serial = rows.text(5);
  d.firmware = rows.text(6);
  d.release_id = rows.text(7);
  if (!rows.null(8)) {
    TRY(d.desired, wire::parse_json(rows.text(8)));
  }
  if (!rows.null(9)) {
    TRY(d.reported, wire::parse_json(rows.text(9)));
  }
  d.since = instant(rows.integer(10));
  d.revision = static_cast<std::uint64_t>(rows.integer(11));
  if (!rows.null(12)) d.last_seen = instant(rows.integer(12));
  d.key_store = rows.text(13);
  return d;
}

}  // namespace

Result<void> Inventory::Field::load_devices() {
  auto rows = store.read(
      "SELECT d.id, d.model, d.state, d.risk, d.groups, d.serial, d.firmware, d.release_id,"
      " d.desired, d.reported, d.since, d.revision, c.last_seen, d.key_store"
      " FROM inventory_device d LEFT JOIN inventory_contact c ON c.id = d.id ORDER BY d.id");
  const Model* model = nullptr;
  while (rows.next()) {
    if (const auto name = rows.text(1); !model || model->id.text() != name) {
      TRY(const auto id, ModelId::parse(name));
      model = &models.at(id);
    }
    auto device = device_of(rows, *model);
    if (!device) return std::unexpected(corrupt("device " + rows.text(0), device.error().message));
    keep(std::move(*device), true);
  }
  return {};
}

Kept& Inventory::Field::keep(Device d, bool last) {
  auto& kept = devices.emplace_back(Kept{std::move(d)});
  if (last)
    by_id.insert(by_id.end(), &kept);
  else
    by_id.insert(&kept);
  if (!kept.serial.empty()) by_serial.emplace(kept.serial, &kept);
  sums.add(kept);
  return kept;
}

Kept* Inventory::Field::find(std::string_view id) {
  const auto at = by_id.find(id);
  return at == by_id.end() ? nullptr : *at;
}

Result<Kept*> Inventory::Field::get(const DeviceId& id) {
  if (auto* d = find(id.text())) return d;
  return fail(Fault::missing, "there is no device " + id.text());
}

Result<Kept*> Inventory::Field::living(const DeviceId& id) {
  TRY(auto* d, get(id));
  if (is_leaving(d->state))
    return fail(Fault::conflict,
                "device " + id.text() + " is " + name_of(d->state) + ", and that is final");
  return d;
}

void Inventory::Field::tell(const Device& d, Change change) const {
  for (const auto& listener : listeners) listener(d, change);
}

const Model* Inventory::model(const ModelId& id) const {
  const auto at = field_->models.find(id);
  return at == field_->models.end() ? nullptr : &at->second;
}

std::vector<const Model*> Inventory::models() const {
  std::vector<const Model*> out;
  for (const auto& [id, model] : field_->models) out.push_back(&model);
  return out;
}

const Device* Inventory::find(const DeviceId& id) const {
  return field_->find(id.text());
}

const Device* Inventory::find_serial(std::string_view serial) const {
  const auto at = field_->by_serial.find(serial);
  return at == field_->by_serial.end() ? nullptr : at->second;
}

std::vector<DeviceId> Inventory::select(const Selector& selector) const {
  std::vector<DeviceId> out;
  for (const auto* d : field_->by_id)
    if (!is_leaving(d->state) && selector.matches(*d)) out.push_back(d->id);
  return out;
}

Page Inventory::page(const Selector& selector, std::optional<Lifecycle> state,
                     std::string_view containing, std::string_view after, std::size_t limit) const {
  const auto wanted = [&](const Device& d) {
    return (!state || d.state == *state) && selector.matches(d) &&
           (containing.empty() || contains_ignoring_case(d.id.text(), containing) ||
            contains_ignoring_case(d.serial, containing));
  };
  const auto& all = field_->by_id;
  Page page;
  const auto start = after.empty() ? all.begin() : all.upper_bound(after);
  auto at = start;
  for (; at != all.end() && page.devices.size() < limit; ++at)
    if (wanted(**at)) page.devices.push_back(*at);
  at = std::find_if(at, all.end(), [&](const auto* d) { return wanted(*d); });
  if (at != all.end() && limit > 0) page.next = page.devices.back()->id.text();

  const auto sums = counts();
  if (selector.selects_everything() && containing.empty()) {
    page.total = state ? sums.by_state[static_cast<std::size_t>(*state)] : sums.total;
  } else {
    const auto count = [&](auto from, auto to) {
      return static_cast<std::size_t>(
          std::count_if(from, to, [&](const auto* d) { return wanted(*d); }));
    };
    page.total = page.devices.size() + count(all.begin(), start) + count(at, all.end());
  }
  return page;
}

Counts Inventory::counts() const {
  return field_->sums.counts();
}

std::vector<FirmwareCount> Inventory::firmware() const {
  return field_->sums.firmware();
}

void Inventory::on_model(std::function<void(const Model&)> listener) {
  field_->model_listeners.push_back(std::move(listener));
}

void Inventory::on_change(std::function<void(const Device&, Change)> listener) {
  field_->listeners.push_back(std::move(listener));
}

}  // namespace muster::inventory
