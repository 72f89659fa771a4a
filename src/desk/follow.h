// desk/follow -- the threads between telemetry and the domain: findings go up, models and changes
// of state come down; and what a rollout does goes to webhooks.
#pragma once

#include <vector>

#include "desk/desk.h"
#include "desk/telemetry.h"

namespace muster::desk {

// What a Telemetry is opened with: hands its findings to the domain. Any thread.
std::function<void(std::vector<watch::Finding>)> reporter(Desk&);
void follow(Domain&, Desk&,
            Telemetry&);  // before run(): profiles now and whenever a model changes; a device's
                          // baselines start anew when it comes back from quarantine
watch::ModelProfile profile_of(const inventory::Model&);

}  // namespace muster::desk
