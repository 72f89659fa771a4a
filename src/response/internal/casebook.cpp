#include "response/internal/casebook.h"

#include <algorithm>
#include <bit>

#include "base/log.h"
#include "response/internal/incident_rows.h"
#include "response/internal/words.h"

namespace muster::response {
namespace {

constexpr std::size_t words_max = 900;  // of a finding, as a reason in ledger and inventory

const ledger::Actor& self() {
  static const ledger::Actor actor = ledger::system_actor("response");
  return actor;
}

std::string target_of(IncidentId id) {
  return "incident/" + std::to_string(id.number);
}

wire::Json detail_of(const watch::Finding& f) {  // without fractions, for they are not canonical
  auto detail = wire::Json::object(
      {{"device", f.device.text()}, {"feature", f.feature}, {"severity", name_of(f.severity)}});
  if (!f.metric.empty()) detail.set("metric", f.metric);
  return detail;
}

// Each of the first 50 findings, then ever fewer: a storm is told without filling the ledger.
bool worth_telling(std::uint64_t number) {
  return number <= findings_kept || std::has_single_bit(number);
}

}  // namespace

Result<void> Response::Casebook::load() {
  TRY_VOID(store.migrate("response", incident_tables()));
  TRY_VOID(outbox.load());
  auto rows = store.read(
      "SELECT id, device, severity, findings, held,"
      " (SELECT count(*) FROM response_step s WHERE s.incident = i.id)"
      " FROM response_incident i WHERE open = 1 ORDER BY id");
  while (rows.next()) {
    TRY(auto device, DeviceId::parse(rows.text(1)));
    TRY(const auto severity, severity_of(rows.integer(2)));
    Case each{{static_cast<std::uint64_t>(rows.integer(0))},
              severity,
              static_cast<std::uint64_t>(rows.integer(3)),
              static_cast<int>(rows.integer(5)),
              rows.integer(4) != 0};
    device_of.emplace(each.id.number, device);
    cases.emplace(std::move(device), each);
  }
  auto last = store.read("SELECT max(id) FROM response_incident");
  if (last.next()) last_id = static_cast<std::uint64_t>(last.integer(0));
  auto recent = store.read(
      "SELECT at FROM response_step WHERE step = 'isolated' AND at > ? AND by = ? ORDER BY at",
      {millis(clock.now() - 1h), self().name});
  while (recent.next()) isolations.push_back(instant(recent.integer(0)));
  return {};
}

Case* Response::Casebook::find(const DeviceId& device) {
  auto at = cases.find(device);
  return at == cases.end() ? nullptr : &at->second;
}

Containment Response::Casebook::contain(const inventory::Device& device, watch::Severity severity,
                                        IncidentId id, const std::string& words) {
  if (severity < watch::Severity::high || device.state != inventory::Lifecycle::active)
    return Containment::none;
  Instant now = clock.now();
  while (!isolations.empty() && isolations.front() <= now - 1h) isolations.pop_front();
  if (isolations.size() >= static_cast<std::size_t>(std::max(settings.isolations_per_hour, 0)))
    return Containment::held;
  auto done = segment.isolate(device.id, segment::Level::restricted, self(),
                              "incident " + std::to_string(id.number) + ": " + words);
  if (!done) {
    log::error("response", "a device could not be isolated",
               {{"device", device.id.text()}, {"why", done.error().message}});
    return Containment::held;
  }
  isolations.push_back(now);
  return Containment::isolated;
}

void Response::Casebook::hold(IncidentId id, const DeviceId& device) {
  ledger.record({self(), "isolation.held", target_of(id),
                 wire::Json::object({{"device", device.text()},
                                     {"isolations_per_hour", settings.isolations_per_hour}}),
                 "too many isolations within an hour; a person decides"});
}

IncidentId Response::Casebook::open(Incident incident, Containment done, const ledger::Actor& by,
                                    wire::Json detail) {
  Instant now = incident.opened_at;
  incident.steps.push_back({"opened", now, by.name, incident.reason});
  if (done == Containment::isolated)
    incident.steps.push_back({"isolated", now, by.name, name_of(segment::Level::restricted)});
  if (done == Containment::held)
    incident.steps.push_back({"held", now, by.name, "too many isolations within an hour"});
  detail.set("isolated", done == Containment::isolated);
  auto& writer = ledger.record(
      {by, "incident.opened", target_of(incident.id), std::move(detail), incident.reason});
  write_incident(writer, incident, done == Containment::held);
  if (done == Containment::held) hold(incident.id, incident.device);

  last_id = incident.id.number;
  device_of.emplace(last_id, incident.device);
  cases.emplace(incident.device,
                Case{incident.id, incident.severity, incident.findings.size(),
                     static_cast<int>(incident.steps.size()), done == Containment::held});
  tell("incident.opened", incident);
  return incident.id;
}

void Response::Casebook::open(const inventory::Device& device, const watch::Finding& finding) {
  Incident incident;
  incident.id = {last_id + 1};
  incident.device = device.id;
  incident.severity = finding.severity;
  incident.opened_at = clock.now();
  incident.reason = clipped(finding.words, words_max);
  incident.findings = {finding};
  auto done = contain(device, finding.severity, incident.id, incident.reason);
  open(std::move(incident), done, self(), detail_of(finding));
}

void Response::Casebook::join(Case& c, const inventory::Device& device,
                              const watch::Finding& finding) {
  Instant now = clock.now();
  std::uint64_t number = ++c.findings;
  bool worse = finding.severity > c.severity;
  std::string words = clipped(finding.words, words_max);
  auto done = c.held ? Containment::none : contain(device, finding.severity, c.id, words);
  bool told = worse || done != Containment::none || worth_telling(number);
  if (worse) c.severity = finding.severity;
  if (done == Containment::held) c.held = true;

  auto detail = detail_of(finding).set("number", number);
  auto& writer =
      told ? ledger.record({self(), "incident.finding", target_of(c.id), std::move(detail), words})
           : ledger.observe();
  writer.write("UPDATE response_incident SET findings = ?, severity = ?, held = ? WHERE id = ?",
               {static_cast<std::int64_t>(number), static_cast<std::int64_t>(c.severity),
                std::int64_t{c.held}, static_cast<std::int64_t>(c.id.number)});
  if (number <= findings_kept) write_finding(writer, c.id, number, finding);
  if (!told) return;
  add_step(writer, c, {"finding", now, self().name, words});
  if (done == Containment::isolated)
    add_step(writer, c, {"isolated", now, self().name, name_of(segment::Level::restricted)});
  if (done == Containment::held) {
    add_step(writer, c, {"held", now, self().name, "too many isolations within an hour"});
    hold(c.id, device.id);
  }
  tell(worse || done != Containment::none ? "incident.escalated" : nullptr, c.id);
}

void Response::Casebook::close(const DeviceId& device, const ledger::Actor& by,
                               const std::string& how, const std::string& reason) {
  auto at = cases.find(device);
  if (at == cases.end()) return;
  Case c = at->second;
  Instant now = clock.now();
  auto detail = wire::Json::object({{"device", device.text()}, {"findings", c.findings}});
  if (!how.empty()) detail.set("how", how);
  auto& writer = ledger.record({by, "incident.closed", target_of(c.id), std::move(detail), reason});
  writer.write("UPDATE response_incident SET open = 0, closed_at = ? WHERE id = ?",
               {millis(now), static_cast<std::int64_t>(c.id.number)});
  if (!how.empty()) add_step(writer, c, {how, now, by.name, reason});
  add_step(writer, c, {"closed", now, by.name, how.empty() ? reason : how});
  device_of.erase(c.id.number);
  cases.erase(at);
  tell("incident.closed", c.id);
}

void Response::Casebook::add_step(store::Writer& writer, Case& c, Step step) {
  write_step(writer, c.id, ++c.steps, step);
}

void Response::Casebook::tell(const char* event, const Incident& incident) {
  if (event && outbox.wanted(event))
    outbox.put(event, brief(incident, segment.isolation(incident.device) != nullptr));
  for (const auto& listener : listeners) listener(incident);
}

void Response::Casebook::tell(const char* event, IncidentId id) {
  if (listeners.empty() && !(event && outbox.wanted(event))) return;
  if (auto incident = read_incident(store, id))
    tell(event, *incident);
  else
    log::error("response", "an incident does not read", {{"why", incident.error().message}});
}

}  // namespace muster::response
