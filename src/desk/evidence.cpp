#include "desk/evidence.h"

namespace muster::desk {

using rollout::Stream;

void evidence_of(Domain& domain, const watch::Finding& finding) {
  domain.rollouts.saw(finding.device,
                      finding.feature == "silence" ? Stream::silence : Stream::health);
}

void follow_evidence(Domain& domain) {
  domain.inventory.on_change([&domain](const inventory::Device& device, inventory::Change change) {
    if (change == inventory::Change::presence) domain.rollouts.presence(device.id, device.online);
  });
  domain.response.on_incident([&domain](const response::Incident& incident) {
    if (incident.open) domain.rollouts.saw(incident.device, Stream::alerts);
  });
}

}  // namespace muster::desk
