#include "desk/follow.h"

#include <string>

#include "base/log.h"
#include "desk/evidence.h"

namespace muster::desk {

namespace {

// A step of a rollout, as webhooks hear of it.
wire::Json rollout_news(const Domain& domain, const rollout::Progress& progress) {
  const auto* release = domain.releases.find(progress.plan.release);
  return wire::Json::object({{"rollout", progress.id.number},
                             {"model", release ? release->metadata.model.text() : ""},
                             {"version", release ? release->metadata.version : ""},
                             {"state", name_of(progress.state)},
                             {"reason", progress.reason}});
}

}  // namespace

std::function<void(std::vector<watch::Finding>)> reporter(Desk& desk) {
  return [&desk](const std::vector<watch::Finding>& findings) {
    desk.tell("a finding", [findings](Domain& domain) -> Result<void> {
      for (const watch::Finding& finding : findings) {
        evidence_of(domain, finding);
        domain.response.found(finding);
      }
      return {};
    });
  };
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
  domain.rollouts.on_progress([&domain](rollout::RolloutId id, std::string_view step) {
    if (step.empty()) return;  // of waves and devices only the event stream tells
    const auto progress = domain.rollouts.progress(id);
    if (!progress)
      return log::error("desk", "a rollout's progress cannot be told to webhooks",
                        {{"step", std::string(step)}, {"why", progress.error().message}});
    domain.response.notify(std::string(step), rollout_news(domain, *progress));
  });
}

}  // namespace muster::desk
