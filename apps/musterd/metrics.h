// musterd/metrics -- the gateway's counters as Prometheus text.
#pragma once

#include <string>

#include "gateway/gateway.h"

namespace muster {

std::string metrics_of(const gateway::Counters&);

}  // namespace muster
