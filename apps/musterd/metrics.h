// musterd/metrics -- the gateway's counters as Prometheus text. Any thread.
#pragma once

#include <functional>
#include <string>

#include "gateway/gateway.h"

namespace muster {

std::string metrics_of(const gateway::Counters&);

std::function<std::string()> metrics_of(const gateway::Gateway&);  // outlived by the gateway

}  // namespace muster
