// advisory/internal/constraints -- a range's constraints, put in order. Pure; any thread.
#pragma once

#include "advisory/vers.h"

namespace muster::advisory {

// By version; of equal ones, the one that was written first.
void sort_by_version(Range&);

}  // namespace muster::advisory
