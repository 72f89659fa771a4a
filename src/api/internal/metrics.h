// api/metrics -- the domain's and the telemetry's figures as Prometheus text (version 0.0.4).
// Domain thread.
#pragma once

#include <string>

#include "desk/desk.h"
#include "desk/telemetry.h"

namespace muster::api {

std::string metrics_text(const desk::Domain&, const desk::Telemetry&, const desk::Desk::Load&);

}  // namespace muster::api
