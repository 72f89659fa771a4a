// rules/event -- an event as JSON, made into the values of a schema.
//
//   {"at": "2026-11-22T10:00:00Z", "device": {"id": "m-1"}, "metrics": {"voltage": 231.4}}
//
// A variable "metrics.voltage" is the member "voltage" of the member "metrics". What is not there
// is absent; what has another type, or is larger than the schema says, is an error value to whoever
// asks for it and nobody else. Values view the Json and the Scratch. Pure; any thread.
#pragma once

#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "rules/schema.h"
#include "rules/value.h"
#include "wire/json.h"

namespace muster::rules {

// "at": milliseconds since 1970, or RFC 3339 text. invalid without it.
Result<Instant> time_of(const wire::Json& event);
// Fills slots, one for each variable; how many are mistyped.
std::size_t bind_event(const wire::Json& event, const Schema&, std::span<Value> slots, Scratch&);

}  // namespace muster::rules
