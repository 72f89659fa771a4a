// muster/plan_options -- the options that describe a rollout's plan, and the request they make.
// Main thread; values only.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "muster/remote.h"
#include "wire/json.h"

namespace muster {

struct PlanOptions {
  std::string release, selector = "all", waves = "2%,10%,100%", soak = "30s", deadline = "5m",
                       tolerance = "10%", seed, terms, harm, control, patience, otherwise, sites;
  std::vector<std::string> rings, spread, windows;
  bool quarantined = false, gate = false, follow = false, emergency = false;
  int per_minute = 0, at_once = 0, site_per_minute = 0, site_at_once = 0, retry = 0,
      back_per_minute = 0;
};

void add_plan_options(CLI::App&, PlanOptions&);
Result<wire::Json> plan_body(Remote&, const PlanOptions&);

}  // namespace muster
