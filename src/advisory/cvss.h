// advisory/cvss -- how bad a vulnerability is, by its CVSS vector.
//
// The base score of version 3.0 and 3.1 is computed. A vector of version 4.0 or 2.0 is known but
// not scored here: their severity is taken from what the advisory says beside it. Pure functions;
// any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"

namespace muster::advisory {

enum class Severity { unknown, low, medium, high, critical };
const char* name_of(Severity);
std::optional<Severity> severity_of(std::string_view word);  // in any case; "moderate" is medium

Severity severity_of_score(int tenths);  // 0 is unknown: nothing that counts has no impact

// In tenths, 0 to 100. invalid: an unknown metric, one twice, or one of the base that is missing.
Result<int> cvss3_base_score(std::string_view vector);

}  // namespace muster::advisory
