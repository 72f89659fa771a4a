#include "musterd/metrics.h"

#include "base/exposition.h"

namespace muster {

std::string metrics_of(const gateway::Counters& c) {
  Exposition out;
  const auto counter = [&out](const char* name, const char* help, std::uint64_t value) {
    out.about(name, "counter", help).value(value);
  };
  counter("mqtt_connections_total", "TCP connections accepted on the MQTT door", c.connections);
  counter("mqtt_connects_total", "MQTT sessions accepted", c.connects);
  counter("mqtt_connects_refused_total", "MQTT sessions refused", c.connects_refused);
  counter("mqtt_publishes_total", "PUBLISH packets received", c.publishes);
  counter("mqtt_refused_total", "publishes and subscriptions refused", c.publishes_refused);
  counter("mqtt_malformed_total", "malformed packets", c.packets_malformed);
  counter("mqtt_deliveries_total", "messages sent to clients", c.deliveries);
  counter("mqtt_deliveries_dropped_total", "messages dropped because a client was too slow",
          c.deliveries_dropped);
  counter("enrolments_total", "certificates given out over EST", c.enrolments);
  counter("enrolments_refused_total", "EST requests refused", c.enrolments_refused);
  counter(
      "enrolments_deferred_total",
      "EST requests told to come again, before they were read: too many of one address, or at once",
      c.enrolments_deferred);
  counter("artifact_downloads_total", "artifact downloads begun", c.downloads);
  counter("sessions_cut_total", "live sessions cut by isolation, revocation or retirement", c.cuts);
  counter("sessions_taken_over_total", "live sessions that ended because their client came again",
          c.take_overs);
  counter("crl_requests_total", "revocation lists asked for", c.crls);
  counter("ocsp_requests_total", "OCSP questions", c.statuses);
  counter("ocsp_kept_total", "OCSP questions answered with an answer that was kept",
          c.statuses_kept);
  return out.take();
}

std::function<std::string()> metrics_of(const gateway::Gateway& gateway) {
  return [&gateway] { return metrics_of(gateway.counters()); };
}

}  // namespace muster
