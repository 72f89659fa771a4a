// api/views -- how domain values look in JSON (docs/reference/api.md). Domain thread, since they
// point into it.
#pragma once

#include "desk/domain.h"
#include "desk/telemetry.h"
#include "wire/json.h"

namespace muster::api {

wire::Json device_json(const desk::Domain&, const inventory::Device&);
wire::Json model_json(const inventory::Model&);
wire::Json release_json(const release::Release&);
wire::Json rollout_json(const desk::Domain&, const rollout::Progress&);
wire::Json incident_json(const response::Incident&);
wire::Json retirement_json(const retirement::Request&);
wire::Json retirement_case_json(const retirement::Case&);
wire::Json fleet_json(const desk::Domain&, const desk::Telemetry&);
wire::Json time_json(Instant);
wire::Json time_json(const std::optional<Instant>&);
wire::Json texts_json(const std::vector<std::string>&);

}  // namespace muster::api
