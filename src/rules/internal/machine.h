// rules/internal/machine -- runs a program on a Scratch. Pure; any thread, each with its Scratch.
#pragma once

#include <span>

#include "rules/internal/program.h"

namespace muster::rules {

Value run(const Program&, std::span<const Value> slots, Scratch&);

}  // namespace muster::rules
