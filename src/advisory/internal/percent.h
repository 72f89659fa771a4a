// advisory/internal/percent -- percent-encoding (RFC 3986 section 2.1) as purl and vers use it.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::advisory {

// invalid: a % without two hexadecimal digits behind it. A zero octet is refused too.
Result<std::string> percent_decoded(std::string_view);
// All but letters, digits, . - _ ~ : and those of `also`.
std::string percent_encoded(std::string_view, std::string_view also);

}  // namespace muster::advisory
