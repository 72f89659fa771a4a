#include "api/internal/metrics.h"

#include "base/exposition.h"
#include "identity/rollover.h"

namespace muster::api {
std::string metrics_text(const desk::Domain& domain, const desk::Telemetry& telemetry,
                         const desk::Desk::Load& load) {
  Exposition out;
  const auto counts = domain.inventory.counts();
  out.about("devices", "gauge", "devices by state");
  for (std::size_t i = 0; i < counts.by_state.size(); ++i)
    out.value(counts.by_state[i],
              std::string("state=\"") + name_of(static_cast<inventory::Lifecycle>(i)) + '"');
  out.about("devices_online", "gauge", "devices with a session now").value(counts.online);
  const auto certificates = domain.identity.totals();
  out.about("certificates", "gauge", "certificates by status")
      .value(certificates.valid, "status=\"valid\"")
      .value(certificates.expiring, "status=\"expiring\"")
      .value(certificates.expired, "status=\"expired\"")
      .value(certificates.revoked, "status=\"revoked\"");
  const auto rollover = domain.identity.rollover().progress();
  out.about("ca_rollover_devices", "gauge",
            "devices with a certificate, by whether they have taken the new root; none unless the "
            "CA rolls over")
      .value(rollover.devices - rollover.without_anchor, "anchor=\"new\"")
      .value(rollover.without_anchor, "anchor=\"missing\"");
  out.about("ca_rollover_old_certificates", "gauge",
            "devices and applications that still have a certificate of the old CA")
      .value(rollover.old_certificates);
  out.about("incidents_open", "gauge", "open incidents").value(domain.response.open_count());
  out.about("ledger_entries", "gauge", "entries in the ledger").value(domain.ledger.size());
  const auto totals = telemetry.totals();
  out.about("telemetry_messages_total", "counter", "messages kept").value(totals.messages);
  out.about("telemetry_readings_total", "counter", "readings kept").value(totals.readings);
  out.about("telemetry_batches_total", "counter", "batches written to the log")
      .value(totals.batches);
  out.about("telemetry_batches_rejected_total", "counter",
            "batches refused because a lane was full")
      .value(totals.rejected);
  out.about("findings_total", "counter", "findings of the detectors").value(totals.findings);
  out.about("domain_questions_total", "counter", "questions the domain has answered")
      .value(load.questions);
  out.about("domain_turns_total", "counter", "batches the domain has committed or read")
      .value(load.turns);
  out.about("domain_batch_longest", "gauge", "questions in the longest batch")
      .value(load.longest_batch);
  return out.take();
}

}  // namespace muster::api
