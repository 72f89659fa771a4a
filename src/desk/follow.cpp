#include "desk/follow.h"

namespace muster::desk {

void report(Desk& desk, std::vector<watch::Finding> findings) {
  desk.ask<bool>(
      [findings = std::move(findings)](Domain& domain) -> Result<bool> {
        for (const watch::Finding& finding : findings) domain.response.found(finding);
        return true;
      },
      [](Result<bool>) {});
}

watch::ModelProfile profile_of(const inventory::Model& model) {
  watch::ModelProfile profile{.id = model.id, .interval = model.interval, .metrics = {}};
  for (const inventory::Metric& metric : model.metrics)
    profile.metrics.push_back({metric.name, metric.min, metric.max});
  return profile;
}

void follow(Domain& domain, Desk& desk, Telemetry& telemetry) {
  for (const inventory::Model* model : domain.inventory.models())
    telemetry.profile(profile_of(*model));
  domain.inventory.on_model(
      [&telemetry](const inventory::Model& model) { telemetry.profile(profile_of(model)); });
  desk.on_state_changed([&telemetry](const inventory::Device& device) {
    if (device.state == inventory::Lifecycle::active) telemetry.forget(device.id);
  });
}

}  // namespace muster::desk
