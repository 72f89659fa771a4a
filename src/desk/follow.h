// desk/follow -- the threads between telemetry and the domain: findings go up, models and changes
// of state come down.
#pragma once

#include <vector>

#include "desk/desk.h"
#include "desk/telemetry.h"

namespace muster::desk {

void report(Desk&, std::vector<watch::Finding>);  // any thread
void follow(Domain&, Desk&,
            Telemetry&);  // before run(): profiles now and whenever a model changes; a device's
                          // baselines start anew when it comes back from quarantine
watch::ModelProfile profile_of(const inventory::Model&);

}  // namespace muster::desk
