// tuf/canonical -- OLPC canonical JSON: the octets that TUF signatures are over (spec 1.0.34, 4.1).
//
// Members sorted by code point, no white space, and in strings only `"` and `\` are escaped: unlike
// the canonical text of our own envelopes (wire/json.h), which escapes control characters too.
// Whole numbers only. Pure; any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "wire/json.h"

namespace muster::tuf {

// invalid when a fraction is in it.
Result<std::string> canonical_json(const wire::Json&);

}  // namespace muster::tuf
