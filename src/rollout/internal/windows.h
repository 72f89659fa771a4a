// rollout/internal/windows -- when maintenance windows are open. Pure.
#pragma once

#include <vector>

#include "rollout/internal/zone.h"
#include "rollout/plan.h"

namespace muster::rollout {

struct Opening {
  bool open = true;
  Instant since;  // when it opened last, be it open or not
  Duration length = Duration::max();
};

// Of the windows (and their zones, in the same order) the one that is for this device; one without
// any is open since ever.
Opening opening(const std::vector<Window>&, const std::vector<Zone>&, const inventory::Device&,
                Instant now);

// The first instant from `from` at which any of them is open; `from` itself if there are none.
Instant first_open(const std::vector<Window>&, const std::vector<Zone>&, Instant from);

}  // namespace muster::rollout
