// api/internal/rollout_plan -- plans of rollouts as requests say them, and as answers show them.
// The operator's thread asks, the domain's runs them. Values only.
#pragma once

#include "api/internal/route.h"

namespace muster::api {

Result<rollout::Plan> plan_of(Context&);     // the body, whole
wire::Json plan_json(const rollout::Plan&);  // the same members
wire::Json preview_json(const rollout::Preview&);
wire::Json evidence_json(const rollout::Verdict&);

}  // namespace muster::api
