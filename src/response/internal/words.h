// response/internal/words -- text that others wrote, cut to what we keep. Pure.
#pragma once

#include <string>

namespace muster::response {

std::string clipped(std::string text, std::size_t bytes_max);  // at a UTF-8 character's boundary

}  // namespace muster::response
