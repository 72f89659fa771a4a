#include "desk/follow.h"

#include <map>
#include <string>

namespace muster::desk {

namespace {

// Tells webhooks when a rollout starts, pauses, halts, goes back or ends; what happens inside a
// wave is for the event stream.
class RolloutNews {
 public:
  explicit RolloutNews(Domain& domain) : domain_(domain) {
    for (const auto& progress : domain.rollouts.list(10'000))
      told_[progress.id.number] = progress.state;
  }
  void operator()(rollout::RolloutId id) {
    auto progress = domain_.rollouts.progress(id);
    if (!progress) return;
    auto [at, fresh] = told_.try_emplace(id.number, progress->state);
    if (!fresh && at->second == progress->state) return;
    at->second = progress->state;
    const auto* release = domain_.releases.find(progress->plan.release);
    domain_.response.notify(
        std::string("rollout.") + (fresh ? "started" : name_of(progress->state)),
        wire::Json::object({{"rollout", id.number},
                            {"model", release ? release->metadata.model.text() : ""},
                            {"version", release ? release->metadata.version : ""},
                            {"state", name_of(progress->state)},
                            {"reason", progress->reason}}));
  }

 private:
  Domain& domain_;
  std::map<std::uint64_t, rollout::State> told_;  // of every rollout known
};

}  // namespace

std::function<void(std::vector<watch::Finding>)> reporter(Desk& desk) {
  return [&desk](const std::vector<watch::Finding>& findings) {
    desk.ask<bool>(
        [findings](Domain& domain) -> Result<bool> {
          for (const watch::Finding& finding : findings) domain.response.found(finding);
          return true;
        },
        [](Result<bool>) {});
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
  domain.rollouts.on_progress(RolloutNews(domain));
}

}  // namespace muster::desk
