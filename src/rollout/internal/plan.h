// rollout/internal/plan -- what a plan may say, how it is stored, and how its waves divide the
// targets. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rollout/plan.h"

namespace muster::rollout {

wire::Json to_json(const Plan&);
Result<Plan> read_plan(const wire::Json&);

// The plan with the wave that its gate adds: the control.
Plan with_control(Plan);

// Deals the targets out, each once: for each wave those it takes, in the order given. Shares are
// rounded down, and each wave has one target at least for as long as there are any.
using Matches = std::function<bool(const inventory::Selector&, std::size_t target)>;
std::vector<std::vector<std::size_t>> deal(const Plan&, const std::vector<std::size_t>& order,
                                           const Matches&);

// All of them by lot.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed);
// By lot within each stratum, so that each beginning of the order has its share of each stratum.
std::vector<std::size_t> spread_out(const std::vector<std::string>& strata, std::uint64_t seed);

std::string show_permille(int);  // "10 %", "0.5 %"
std::string hex_of(std::uint64_t seed);

}  // namespace muster::rollout
