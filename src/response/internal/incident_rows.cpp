#include "response/internal/incident_rows.h"

#include <algorithm>
#include <cmath>

#include "response/internal/words.h"

namespace muster::response {
namespace {

constexpr const char* tables[] = {
    "CREATE TABLE response_incident(id INTEGER PRIMARY KEY, device TEXT NOT NULL,"
    " open INTEGER NOT NULL, severity INTEGER NOT NULL, opened_at INTEGER NOT NULL,"
    " closed_at INTEGER, reason TEXT NOT NULL, findings INTEGER NOT NULL, held INTEGER NOT NULL);"
    "CREATE INDEX response_incident_open ON response_incident(id) WHERE open = 1;"
    "CREATE TABLE response_finding(incident INTEGER NOT NULL, number INTEGER NOT NULL,"
    " feature TEXT NOT NULL, metric TEXT NOT NULL, value REAL, low REAL, high REAL,"
    " severity INTEGER NOT NULL, at INTEGER NOT NULL, words TEXT NOT NULL,"
    " PRIMARY KEY(incident, number)) WITHOUT ROWID;"
    "CREATE TABLE response_step(incident INTEGER NOT NULL, number INTEGER NOT NULL,"
    " step TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, detail TEXT NOT NULL,"
    " PRIMARY KEY(incident, number)) WITHOUT ROWID;"
    "CREATE INDEX response_step_isolated ON response_step(at) WHERE step = 'isolated';"};

constexpr std::size_t brief_findings = 10, brief_steps = 20, brief_words = 400;

std::int64_t number_of(IncidentId id) {
  return static_cast<std::int64_t>(id.number);
}

double real(const store::Rows& rows, int column) {  // SQLite keeps no NaN, but NULL
  return rows.null(column) ? std::nan("") : rows.real(column);
}

wire::Json brief(const watch::Finding& f) {
  return wire::Json::object({{"feature", f.feature},
                             {"metric", f.metric.empty() ? wire::Json() : wire::Json(f.metric)},
                             {"value", f.value},
                             {"expected", wire::Json::array({f.low, f.high})},
                             {"severity", name_of(f.severity)},
                             {"at", rfc3339(f.at)},
                             {"words", clipped(f.words, brief_words)}});
}

Result<void> read_findings(const store::Store& store, Incident& incident) {
  auto rows = store.read(
      "SELECT feature, metric, value, low, high, severity, at, words FROM response_finding"
      " WHERE incident = ? ORDER BY number",
      {number_of(incident.id)});
  while (rows.next()) {
    TRY(const auto severity, severity_of(rows.integer(5)));
    incident.findings.push_back({incident.device, rows.text(0), rows.text(1), real(rows, 2),
                                 real(rows, 3), real(rows, 4), severity, instant(rows.integer(6)),
                                 rows.text(7)});
  }
  return {};
}

}  // namespace

std::span<const char* const> incident_tables() {
  return tables;
}

Result<watch::Severity> severity_of(std::int64_t stored) {
  if (stored >= 0 && stored <= static_cast<int>(watch::Severity::critical))
    return static_cast<watch::Severity>(stored);
  return fail(Fault::corrupt, "an incident in the store has an unknown severity");
}

void write_incident(store::Writer& writer, const Incident& incident, bool held) {
  writer.write(
      "INSERT INTO response_incident(id, device, open, severity, opened_at, reason, findings, held)"
      " VALUES(?,?,1,?,?,?,?,?)",
      {number_of(incident.id), incident.device.text(), static_cast<std::int64_t>(incident.severity),
       millis(incident.opened_at), incident.reason,
       static_cast<std::int64_t>(incident.findings.size()), std::int64_t{held}});
  std::uint64_t finding = 0;
  for (const auto& each : incident.findings) write_finding(writer, incident.id, ++finding, each);
  int step = 0;
  for (const auto& each : incident.steps) write_step(writer, incident.id, ++step, each);
}

void write_finding(store::Writer& writer, IncidentId incident, std::uint64_t number,
                   const watch::Finding& f) {
  writer.write(
      "INSERT INTO response_finding(incident, number, feature, metric, value, low, high, severity,"
      " at, words) VALUES(?,?,?,?,?,?,?,?,?,?)",
      {number_of(incident), static_cast<std::int64_t>(number), f.feature, f.metric, f.value, f.low,
       f.high, static_cast<std::int64_t>(f.severity), millis(f.at), f.words});
}

void write_step(store::Writer& writer, IncidentId incident, int number, const Step& step) {
  writer.write(
      "INSERT INTO response_step(incident, number, step, at, by, detail)"
      " VALUES(?,?,?,?,?,?)",
      {number_of(incident), std::int64_t{number}, step.step, millis(step.at), step.by,
       step.detail});
}

Result<Incident> read_incident(const store::Store& store, IncidentId id) {
  Incident incident;
  auto rows = store.read(
      "SELECT device, open, severity, opened_at, closed_at, reason FROM response_incident"
      " WHERE id = ?",
      {number_of(id)});
  if (!rows.next())
    return fail(Fault::missing, "there is no incident " + std::to_string(id.number));
  incident.id = id;
  TRY(incident.device, DeviceId::parse(rows.text(0)));
  incident.open = rows.integer(1) != 0;
  TRY(incident.severity, severity_of(rows.integer(2)));
  incident.opened_at = instant(rows.integer(3));
  if (!rows.null(4)) incident.closed_at = instant(rows.integer(4));
  incident.reason = rows.text(5);
  TRY_VOID(read_findings(store, incident));
  auto steps = store.read(
      "SELECT step, at, by, detail FROM response_step WHERE incident = ? ORDER BY number",
      {number_of(id)});
  while (steps.next())
    incident.steps.push_back(
        {steps.text(0), instant(steps.integer(1)), steps.text(2), steps.text(3)});
  return incident;
}

wire::Json brief(const Incident& incident, bool isolated) {
  auto findings = wire::Json::array(), steps = wire::Json::array();
  for (std::size_t i = 0; i < std::min(incident.findings.size(), brief_findings); ++i)
    findings.push(brief(incident.findings[i]));
  std::size_t skipped =
      incident.steps.size() > brief_steps ? incident.steps.size() - brief_steps : 0;
  for (std::size_t i = skipped; i < incident.steps.size(); ++i) {
    const Step& step = incident.steps[i];
    steps.push(wire::Json::object({{"step", step.step},
                                   {"at", rfc3339(step.at)},
                                   {"by", step.by},
                                   {"detail", clipped(step.detail, brief_words)}}));
  }
  return wire::Json::object(
      {{"id", incident.id.number},
       {"device", incident.device.text()},
       {"state", incident.open ? "open" : "closed"},
       {"severity", name_of(incident.severity)},
       {"isolated", isolated},
       {"opened_at", rfc3339(incident.opened_at)},
       {"closed_at", incident.closed_at ? wire::Json(rfc3339(*incident.closed_at)) : wire::Json()},
       {"reason", clipped(incident.reason, brief_words)},
       {"findings", std::move(findings)},
       {"steps", std::move(steps)}});
}

}  // namespace muster::response
