// rollout/plan -- what a plan may say, how it is stored, and how its waves divide the targets.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "rollout/rollout.h"
#include "wire/json.h"

namespace muster::rollout {

Result<void> check_plan(const Plan&);
wire::Json to_json(const Plan&);
Result<Plan> read_plan(const wire::Json&);

// How many targets each wave adds to the earlier ones: by share, rounded down, and at least one
// each for as long as there are targets.
std::vector<std::size_t> wave_sizes(const std::vector<Wave>&, std::size_t targets);

std::string show_permille(int);  // "10 %", "0.5 %"

}  // namespace muster::rollout
