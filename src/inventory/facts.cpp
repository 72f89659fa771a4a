#include <algorithm>

#include "inventory/internal/field.h"

namespace muster::inventory {
namespace {

constexpr std::size_t firmware_max = 128;
constexpr int firmware_changes_max = 30;  // an hour; more is a device that would fill the ledger

Result<void> count_firmware_change(Kept& d, Instant now) {
  if (now >= d.firmware_hour + 1h || now < d.firmware_hour) {
    d.firmware_hour = now;
    d.firmware_changes = 0;
  }
  if (d.firmware_changes >= firmware_changes_max)
    return fail(Fault::exhausted,
                "device " + d.id.text() + " has told of other firmware " +
                    std::to_string(firmware_changes_max) + " times within an hour",
                "/firmware");
  ++d.firmware_changes;
  return {};
}

// Which settings changed, not what they are: a setting may hold a secret of the device's owner.
wire::Json changed_members(const wire::Json& before, const wire::Json& after) {
  std::vector<std::string> keys;
  const auto differs = [&](const wire::Json& from, const wire::Json& to) {
    if (!from.members()) return;
    for (const auto& [key, value] : *from.members())
      if (const auto* other = to.find(key); !other || *other != value) keys.push_back(key);
  };
  differs(before, after);
  differs(after, before);
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  auto out = wire::Json::array();
  for (std::size_t i = 0; i < std::min<std::size_t>(keys.size(), 64); ++i)
    out.push(keys[i].substr(0, 64));
  return out;
}

wire::Json texts(const std::vector<std::string>& values) {
  auto out = wire::Json::array();
  for (const auto& value : values) out.push(value);
  return out;
}

struct Difference {
  bool groups = false, risk = false, desired = false;
  wire::Json detail = wire::Json::object();
  bool any() const { return groups || risk || desired; }
};

Difference difference(const Device& d, const DeviceEdit& edit) {
  Difference out;
  if (edit.groups && *edit.groups != d.groups) {
    out.groups = true;
    out.detail.set("groups", texts(*edit.groups));
  }
  if (edit.risk && (*edit.risk != d.risk || !d.own_risk)) {
    out.risk = true;
    out.detail.set("risk", name_of(*edit.risk));
  }
  if (edit.desired && *edit.desired != d.desired) {
    out.desired = true;
    out.detail.set("desired", changed_members(d.desired, *edit.desired));
  }
  return out;
}

struct Stored {  // the text of a column, null for null
  explicit Stored(const wire::Json& json) : text(json.is_null() ? "" : wire::to_text(json)) {}
  store::Value value() const {
    if (text.empty()) return nullptr;
    return std::string_view(text);
  }
  std::string text;
};

}  // namespace

Result<void> Inventory::edit(const DeviceId& id, DeviceEdit edit, ledger::Actor by,
                             std::optional<std::uint64_t> if_revision) {
  TRY(auto* d, field_->living(id));
  TRY_VOID(check_revision(d->revision, if_revision));
  if (edit.groups) {
    TRY(*edit.groups, check_groups(std::move(*edit.groups)));
  }
  if (edit.desired) TRY_VOID(check_config(*edit.desired, "desired"));
  auto changes = difference(*d, edit);
  if (!changes.any()) return {};

  field_->sums.without(*d, [&] {
    if (changes.groups) d->groups = std::move(*edit.groups);
    if (changes.risk) d->risk = *edit.risk;
    d->own_risk = d->own_risk || changes.risk;
    if (changes.desired) d->desired = std::move(*edit.desired);
  });
  ++d->revision;
  std::string groups;
  for (const auto& group : d->groups) groups += (groups.empty() ? "" : ",") + group;
  const store::Value risk =
      d->own_risk ? store::Value(std::string_view(name_of(d->risk))) : store::Value(nullptr);
  const Stored desired(d->desired);
  field_->ledger
      .record({std::move(by), "device.edited", "device/" + id.text(), std::move(changes.detail)})
      .write(
          "UPDATE inventory_device SET groups = ?, risk = ?, desired = ?, revision = ?"
          " WHERE id = ?",
          {groups, risk, desired.value(), static_cast<std::int64_t>(d->revision), id.text()});
  if (changes.groups || changes.risk) field_->tell(*d, Change::updated);
  if (changes.desired) field_->tell(*d, Change::desired_changed);
  return {};
}

Result<void> Inventory::reported(const DeviceId& id, std::string firmware, std::string release_id,
                                 wire::Json config) {
  TRY(auto* d, field_->living(id));
  TRY_VOID(check_text(firmware, firmware_max, "firmware"));
  TRY_VOID(check_text(release_id, firmware_max, "release_id"));
  TRY_VOID(check_config(config, "config"));
  if (firmware.empty()) {
    firmware = d->firmware;
    release_id = d->release_id;
  }
  if (config.is_null()) config = d->reported;
  const bool other_code = firmware != d->firmware || release_id != d->release_id;
  if (!other_code && config == d->reported) return {};
  if (other_code) TRY_VOID(count_firmware_change(*d, field_->clock.now()));

  auto detail =
      wire::Json::object({{"from", d->firmware}, {"to", firmware}, {"release", release_id}});
  field_->sums.without(*d, [&] {
    d->firmware = std::move(firmware);
    d->release_id = std::move(release_id);
    d->reported = std::move(config);
  });
  ++d->revision;
  const Stored reported(d->reported);
  auto& writer =
      other_code
          ? field_->ledger.record({ledger::device_actor(id.text()), "device.firmware-changed",
                                   "device/" + id.text(), std::move(detail)})
          : field_->ledger.observe();
  writer.write(
      "UPDATE inventory_device SET firmware = ?, release_id = ?, reported = ?, revision = ?"
      " WHERE id = ?",
      {d->firmware, d->release_id, reported.value(), static_cast<std::int64_t>(d->revision),
       id.text()});
  field_->tell(*d, Change::updated);
  return {};
}

Result<void> Inventory::key_kept(const DeviceId& id, std::string store) {
  TRY(auto* d, field_->living(id));
  if (store == d->key_store) return {};
  d->key_store = std::move(store);
  ++d->revision;
  field_->ledger.observe().write(
      "UPDATE inventory_device SET key_store = ?, revision = ? WHERE id = ?",
      {d->key_store, static_cast<std::int64_t>(d->revision), id.text()});
  field_->tell(*d, Change::updated);
  return {};
}

void Inventory::contact(const DeviceId& id, bool online) {
  auto* d = field_->find(id.text());
  if (!d) return;
  d->last_seen = field_->clock.now();
  if (!d->heard) {
    d->heard = true;
    field_->heard.push_back(d);
  }
  if (d->online == online) return;
  d->online = online;
  field_->sums.online(online);
  field_->tell(*d, Change::presence);
}

void Inventory::save_contacts() {
  if (field_->heard.empty()) return;
  std::ranges::sort(field_->heard, ById{});  // the pages of the table are then touched once each
  auto& writer = field_->ledger.observe();
  for (auto* d : field_->heard) {
    writer.write(
        "INSERT INTO inventory_contact(id, last_seen) VALUES(?,?)"
        " ON CONFLICT(id) DO UPDATE SET last_seen = excluded.last_seen",
        {d->id.text(), millis(*d->last_seen)});
    d->heard = false;
  }
  field_->heard.clear();
}

}  // namespace muster::inventory
