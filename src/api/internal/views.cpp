#include "api/internal/views.h"

#include "identity/attestation.h"

namespace muster::api {

using wire::Json;

Json time_json(Instant at) {
  return rfc3339(at);
}
Json time_json(const std::optional<Instant>& at) {
  return at ? Json(rfc3339(*at)) : Json();
}

Json texts_json(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const auto& text : texts) out.push(text);
  return out;
}

namespace {

// How well its key is kept, and what its TPM says of its boot. A TPM is believed when it has
// certified the key. A token certifies nothing: that it holds the key is the device's own word, and
// said to be so. Every other key counts as a file.
void add_proofs(Json& out, const desk::Domain& domain, const inventory::Device& device) {
  const auto& attestation = domain.identity.attestation();
  const auto verdict = attestation.verdict(device.id);
  const auto expected = attestation.expected(device.id);
  const bool certified = attestation.in_tpm(device.id);
  Json protection;
  const bool in_token = !certified && device.key_store == "pkcs11";
  if (!out.find("certificate")->is_null())
    protection = certified ? "tpm" : in_token ? "pkcs11" : "file";
  Json concerns = Json::array();
  if (!protection.is_null() && !certified)
    concerns.push(in_token ? "only its own word says that its key is in a token"
                           : "its key is in a file");
  if (verdict.trust == identity::Trust::failed) concerns.push("its boot is not what is expected");
  out.set("key_protection", std::move(protection))
      .set("ek_sha256", expected ? Json(to_hex(*expected)) : Json())
      .set("attestation", Json::object({{"state", name_of(verdict.trust)},
                                        {"at", time_json(verdict.at)},
                                        {"why", verdict.why}}))
      .set("concerns", std::move(concerns));
}

}  // namespace

Json device_json(const desk::Domain& domain, const inventory::Device& device) {
  Json out =
      Json::object({{"id", device.id.text()},
                    {"model", device.model.text()},
                    {"state", name_of(device.state)},
                    {"online", device.online},
                    {"firmware", device.firmware.empty() ? Json() : Json(device.firmware)},
                    {"release", device.release_id.empty() ? Json() : Json(device.release_id)},
                    {"risk", name_of(device.risk)},
                    {"last_seen", time_json(device.last_seen)},
                    {"groups", texts_json(device.groups)},
                    {"serial", device.serial.empty() ? Json() : Json(device.serial)},
                    {"since", time_json(device.since)},
                    {"desired", device.desired.is_null() ? Json::object() : device.desired},
                    {"reported", device.reported.is_null() ? Json::object() : device.reported},
                    {"revision", device.revision}});
  Json certificate, isolation;
  if (auto current = domain.identity.current(device.id))
    certificate = Json::object({{"serial", current->serial},
                                {"not_before", time_json(current->not_before)},
                                {"not_after", time_json(current->not_after)},
                                {"status", name_of(current->status)}});
  if (const auto* cut = domain.segment.isolation(device.id)) {
    auto incident = domain.response.open_incident(device.id);
    isolation = Json::object({{"level", name_of(cut->level)},
                              {"reason", cut->reason},
                              {"since", time_json(cut->since)},
                              {"incident", incident ? Json(incident->number) : Json()}});
  }
  out.set("certificate", std::move(certificate)).set("isolation", std::move(isolation));
  const auto leaving = domain.retirements.of(device.id);
  out.set("retirement", leaving ? retirement_case_json(*leaving) : Json());
  add_proofs(out, domain, device);
  return out;
}

Json model_json(const inventory::Model& model) {
  Json metrics = Json::array();
  for (const auto& metric : model.metrics)
    metrics.push(Json::object({{"name", metric.name},
                               {"unit", metric.unit.empty() ? Json() : Json(metric.unit)},
                               {"min", Json::optional(metric.min)},
                               {"max", Json::optional(metric.max)}}));
  return Json::object(
      {{"name", model.id.text()},
       {"risk", name_of(model.risk)},
       {"interval_s", model.interval.count() / 1000},
       {"metrics", std::move(metrics)},
       {"second_operator", model.second_operator},
       {"one_operator_asked_by",
        model.one_operator_asked_by.empty() ? Json() : Json(model.one_operator_asked_by)},
       {"retire_within_s",
        model.retire_within ? Json(std::int64_t{*model.retire_within / 1s}) : Json()},
       {"revision", model.revision}});
}

Json release_json(const release::Release& release) {
  return Json::object({{"id", release.id},
                       {"model", release.metadata.model.text()},
                       {"version", release.metadata.version},
                       {"sequence", release.metadata.sequence},
                       {"floor", release.metadata.floor},
                       {"digest", release.metadata.artifact_sha256},
                       {"size", release.metadata.artifact_size},
                       {"published_at", time_json(release.metadata.published)},
                       {"signed_by", texts_json(release.signed_by)}});
}

namespace {

Json wave_json(const rollout::WaveProgress& wave) {
  Json outcomes = Json::object();
  for (std::size_t i = 0; i < wave.outcomes.size(); ++i)
    outcomes.set(name_of(static_cast<rollout::Outcome>(i)), wave.outcomes[i]);
  return Json::object({{"share_permille", wave.wave.share_permille},
                       {"tolerance_permille", wave.wave.tolerance_permille},
                       {"soak_s", wave.wave.soak.count() / 1000},
                       {"state", name_of(wave.state)},
                       {"opened_at", time_json(wave.opened_at)},
                       {"targets", wave.targets},
                       {"offered", wave.offered},
                       {"installed", wave.installed},
                       {"failed", wave.failed},
                       {"reverted", wave.reverted},
                       {"silent", wave.silent},
                       {"outcomes", std::move(outcomes)}});
}

}  // namespace

Json rollout_json(const desk::Domain& domain, const rollout::Progress& progress) {
  Json waves = Json::array();
  for (const auto& wave : progress.waves) waves.push(wave_json(wave));
  const auto* release = domain.releases.find(progress.plan.release);
  return Json::object({{"id", progress.id.number},
                       {"release", release ? release_json(*release) : Json()},
                       {"selector", progress.plan.selector.text()},
                       {"quarantined", progress.plan.quarantined},
                       {"state", name_of(progress.state)},
                       {"wave", progress.wave},
                       {"reason", progress.reason},
                       {"started_at", time_json(progress.started_at)},
                       {"ended_at", time_json(progress.ended_at)},
                       {"deadline_s", progress.plan.deadline.count() / 1000},
                       {"waves", std::move(waves)}});
}

Json incident_json(const response::Incident& incident) {
  Json findings = Json::array(), steps = Json::array();
  for (const auto& finding : incident.findings)
    findings.push(Json::object({{"feature", finding.feature},
                                {"metric", finding.metric.empty() ? Json() : Json(finding.metric)},
                                {"value", finding.value},
                                {"expected", Json::array({finding.low, finding.high})},
                                {"severity", name_of(finding.severity)},
                                {"at", time_json(finding.at)},
                                {"words", finding.words}}));
  for (const auto& step : incident.steps)
    steps.push(Json::object({{"step", step.step},
                             {"at", time_json(step.at)},
                             {"by", step.by},
                             {"detail", step.detail}}));
  return Json::object({{"id", incident.id.number},
                       {"device", incident.device.text()},
                       {"state", incident.open ? "open" : "closed"},
                       {"severity", name_of(incident.severity)},
                       {"opened_at", time_json(incident.opened_at)},
                       {"closed_at", time_json(incident.closed_at)},
                       {"reason", incident.reason},
                       {"findings", std::move(findings)},
                       {"steps", std::move(steps)}});
}

Json fleet_json(const desk::Domain& domain, const desk::Telemetry& telemetry) {
  const auto counts = domain.inventory.counts();
  Json by_state = Json::object(), by_risk = Json::object(), by_firmware = Json::array();
  for (std::size_t i = 0; i < counts.by_state.size(); ++i)
    by_state.set(name_of(static_cast<inventory::Lifecycle>(i)), counts.by_state[i]);
  for (std::size_t i = 0; i < counts.by_risk.size(); ++i)
    by_risk.set(name_of(static_cast<inventory::Risk>(i)), counts.by_risk[i]);
  for (const auto& each : domain.inventory.firmware())
    by_firmware.push(Json::object(
        {{"model", each.model.text()}, {"firmware", each.firmware}, {"count", each.count}}));
  std::size_t running = 0;
  for (const auto& progress : domain.rollouts.list(100))
    running += progress.state == rollout::State::running ||
               progress.state == rollout::State::reverting ||
               progress.state == rollout::State::paused;
  const auto certificates = domain.identity.totals();
  const auto totals = telemetry.totals();
  const auto& head = domain.ledger.checkpoint();
  return Json::object(
      {{"devices", Json::object({{"total", counts.total},
                                 {"online", counts.online},
                                 {"by_state", std::move(by_state)}})},
       {"by_risk", std::move(by_risk)},
       {"by_firmware", std::move(by_firmware)},
       {"incidents_open", domain.response.open_count()},
       {"rollouts_running", running},
       {"certificates", Json::object({{"valid", certificates.valid},
                                      {"expiring", certificates.expiring},
                                      {"expired", certificates.expired},
                                      {"revoked", certificates.revoked}})},
       {"ledger",
        Json::object(
            {{"size", head.size},
             {"root", to_hex(head.root)},
             {"at", head.size ? Json(time_json(domain.ledger.entry(head.size - 1).value().at))
                              : Json()}})},
       {"readings_total", totals.readings},
       {"messages_total", totals.messages}});
}

}  // namespace muster::api
