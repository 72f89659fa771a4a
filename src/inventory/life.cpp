#include "inventory/internal/field.h"

namespace muster::inventory {
namespace {

std::string joined(const std::vector<std::string>& groups) {
  std::string out;
  for (const auto& group : groups) out += (out.empty() ? "" : ",") + group;
  return out;
}

wire::Json names(const std::vector<std::string>& groups) {
  auto out = wire::Json::array();
  for (const auto& group : groups) out.push(group);
  return out;
}

store::Value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return std::string_view(text);
}

store::Value own_risk(const Device& d) {
  if (!d.own_risk) return nullptr;
  return std::string_view(name_of(d.risk));
}

Result<void> check_reason(std::string_view reason) {
  if (reason.size() <= 1000) return {};
  return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
}

std::string target_of(const DeviceId& id) {
  return "device/" + id.text();
}

// What becomes of the rule that a retirement takes two operators. Returns words for the ledger.
std::string weigh_second_operator(Model& m, const Model* before, const std::string& by) {
  const std::string asked = before ? before->one_operator_asked_by : std::string();
  const bool given_up = before && before->second_operator && !m.second_operator;
  if (!given_up) {
    if (m.one_operator_asked_by != asked || !m.second_operator) m.one_operator_asked_by.clear();
    return {};
  }
  if (!asked.empty()) {
    m.one_operator_asked_by.clear();
    return "one operator is enough from now on, as " + asked + " asked";
  }
  m.second_operator = true;
  m.one_operator_asked_by = by;
  return "one operator is asked for; it takes another one to ask for it too";
}

}  // namespace

Result<void> Inventory::put_model(Model m, ledger::Actor by,
                                  std::optional<std::uint64_t> if_revision) {
  TRY_VOID(check_model(m));
  auto& field = *field_;
  const auto known = field.models.find(m.id);
  const Model* before = known == field.models.end() ? nullptr : &known->second;
  m.revision = before ? before->revision : 0;
  TRY_VOID(check_revision(m.revision, if_revision));
  if (before && before->second_operator && !m.second_operator &&
      before->one_operator_asked_by == by.name) {
    field.ledger.record({by,
                         "model.one-operator-refused",
                         "model/" + m.id.text(),
                         {},
                         "whoever asked for it may not approve it"});
    return fail(Fault::forbidden,
                "you asked yourself that one operator be enough; another one has to ask for it too",
                "/second_operator");
  }
  std::string why = weigh_second_operator(m, before, by.name);
  if (before && json_of(*before) == json_of(m)) return {};
  ++m.revision;
  const auto body = wire::to_text(json_of(m));
  field.ledger
      .record(
          {std::move(by), "model.put", "model/" + m.id.text(), ledger_json_of(m), std::move(why)})
      .write(
          "INSERT INTO inventory_model(id, revision, body) VALUES(?,?,?)"
          " ON CONFLICT(id) DO UPDATE SET revision = excluded.revision, body = excluded.body",
          {m.id.text(), static_cast<std::int64_t>(m.revision), body});
  const Model& now = field.models[m.id] = m;
  for (auto& d : field.devices)
    if (d.model == now.id && !d.own_risk && d.risk != now.risk) {
      field.sums.without(d, [&] { d.risk = now.risk; });
      field.tell(d, Change::updated);
    }
  for (const auto& listener : field.model_listeners) listener(now);
  return {};
}

Model& Inventory::Field::ensure_model(const ModelId& id, const ledger::Actor& by) {
  if (const auto at = models.find(id); at != models.end()) return at->second;
  Model m;
  m.id = id;
  m.revision = 1;
  const auto body = wire::to_text(json_of(m));
  ledger.record({by, "model.put", "model/" + id.text(), ledger_json_of(m), "named by a new device"})
      .write("INSERT INTO inventory_model(id, revision, body) VALUES(?,?,?)",
             {id.text(), std::int64_t{1}, body});
  return models.emplace(id, std::move(m)).first->second;
}

Result<void> Inventory::may_expect(const NewDevice& n) const {
  if (!is_name(n.id.text())) return fail(Fault::invalid, "a device needs an id", "/id");
  if (!is_name(n.model.text())) return fail(Fault::invalid, "a device needs a model", "/model");
  TRY_VOID(check_text(n.serial, 128, "serial"));
  TRY_VOID(check_groups(n.groups));
  if (field_->find(n.id.text()))
    return fail(Fault::conflict, "there is a device " + n.id.text() + " already", "/id");
  if (const auto at = field_->by_serial.find(n.serial); at != field_->by_serial.end())
    return fail(Fault::conflict,
                "serial " + n.serial + " belongs to device " + at->second->id.text(), "/serial");
  return {};
}

Result<void> Inventory::expect(NewDevice n, ledger::Actor by) {
  TRY_VOID(may_expect(n));
  TRY(auto groups, check_groups(std::move(n.groups)));
  auto& field = *field_;
  const Model& model = field.ensure_model(n.model, by);
  Device d;
  d.id = std::move(n.id);
  d.model = model.id;
  d.own_risk = n.risk.has_value();
  d.risk = n.risk.value_or(model.risk);
  d.groups = std::move(groups);
  d.serial = std::move(n.serial);
  d.since = field.clock.now();
  d.revision = 1;
  auto detail = wire::Json::object({{"model", d.model.text()}, {"groups", names(d.groups)}});
  if (!d.serial.empty()) detail.set("serial", d.serial);
  if (d.own_risk) detail.set("risk", name_of(d.risk));
  const auto group_text = joined(d.groups);
  field.ledger.record({std::move(by), "device.expected", target_of(d.id), std::move(detail)})
      .write(
          "INSERT INTO inventory_device(id, model, state, risk, groups, serial, since, revision)"
          " VALUES(?,?,'expected',?,?,?,?,1)",
          {d.id.text(), d.model.text(), own_risk(d), group_text, text_or_null(d.serial),
           millis(d.since)});
  field.tell(field.keep(std::move(d), false), Change::added);
  return {};
}

void Inventory::Field::move(Kept& d, Lifecycle to, ledger::Entry entry) {
  entry.target = target_of(d.id);
  entry.detail = wire::Json::object({{"from", name_of(d.state)}, {"to", name_of(to)}});
  sums.without(d, [&] { d.state = to; });
  ++d.revision;
  ledger.record(std::move(entry))
      .write("UPDATE inventory_device SET state = ?, revision = ? WHERE id = ?",
             {name_of(to), static_cast<std::int64_t>(d.revision), d.id.text()});
  tell(d, Change::state_changed);
}

Result<void> Inventory::activate(const DeviceId& id, ledger::Actor by) {
  TRY(auto* d, field_->living(id));
  if (d->state == Lifecycle::active) return {};
  if (d->state == Lifecycle::quarantined)
    return fail(Fault::conflict, "device " + id.text() + " is quarantined; release it instead");
  field_->move(*d, Lifecycle::active, {std::move(by), "device.activated", {}});
  return {};
}

Result<void> Inventory::quarantine(const DeviceId& id, ledger::Actor by, std::string reason) {
  TRY(auto* d, field_->living(id));
  TRY_VOID(check_reason(reason));
  if (d->state == Lifecycle::quarantined) return {};
  if (d->state == Lifecycle::expected)
    return fail(Fault::conflict,
                "device " + id.text() + " has never enrolled; there is nothing to cut off");
  field_->move(*d, Lifecycle::quarantined,
               {std::move(by), "device.quarantined", {}, {}, std::move(reason)});
  return {};
}

Result<void> Inventory::release(const DeviceId& id, ledger::Actor by, std::string reason) {
  TRY(auto* d, field_->living(id));
  TRY_VOID(check_reason(reason));
  if (d->state != Lifecycle::quarantined)
    return fail(Fault::conflict, "device " + id.text() + " is not quarantined");
  field_->move(*d, Lifecycle::active,
               {std::move(by), "device.released", {}, {}, std::move(reason)});
  return {};
}

Result<void> Inventory::begin_retirement(const DeviceId& id, ledger::Actor by, std::string reason) {
  TRY(auto* d, field_->living(id));
  TRY_VOID(check_reason(reason));
  if (d->state == Lifecycle::expected)
    return fail(Fault::conflict,
                "device " + id.text() + " has never enrolled; there is nothing to wipe");
  field_->move(*d, Lifecycle::retiring,
               {std::move(by), "device.retiring", {}, {}, std::move(reason)});
  return {};
}

Result<void> Inventory::give_up(const DeviceId& id, ledger::Actor by, std::string reason) {
  TRY(auto* d, field_->get(id));
  TRY_VOID(check_reason(reason));
  if (d->state != Lifecycle::retiring)
    return fail(Fault::conflict, "device " + id.text() + " is not retiring");
  field_->move(*d, Lifecycle::revoked_unsanitised,
               {std::move(by), "device.revoked-unsanitised", {}, {}, std::move(reason)});
  return {};
}

Result<void> Inventory::retire(const DeviceId& id, ledger::Actor by, std::string reason) {
  TRY(auto* d, field_->get(id));
  TRY_VOID(check_reason(reason));
  if (d->state == Lifecycle::retired) return {};
  field_->move(*d, Lifecycle::retired,
               {std::move(by), "device.retired", {}, {}, std::move(reason)});
  return {};
}

}  // namespace muster::inventory
