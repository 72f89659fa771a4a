// response/internal/incident_rows -- incidents as rows of the store, and as JSON for whoever is
// notified.
//
// The store is the only full copy: an incident is read when asked for. Domain thread only.
#pragma once

#include <span>

#include "response/response.h"

namespace muster::response {

inline constexpr std::uint64_t findings_kept = 50;  // of an incident

std::span<const char* const> incident_tables();

// The row, with the findings and steps that the incident has now.
void write_incident(store::Writer&, const Incident&, bool held);
void write_finding(store::Writer&, IncidentId, std::uint64_t number, const watch::Finding&);
void write_step(store::Writer&, IncidentId, int number, const Step&);
Result<Incident> read_incident(const store::Store&, IncidentId);

// At most ten findings and the last twenty steps: a notification stays below 20 kB.
wire::Json brief(const Incident&, bool isolated);

Result<watch::Severity> severity_of(std::int64_t stored);

}  // namespace muster::response
