// wire/utf8 -- is this text well-formed UTF-8 (RFC 3629)?
//
// No surrogates, no over-long forms, nothing above U+10FFFF. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace muster::wire {

// Length of the code point that opens the text, 1 to 4; 0 if it is malformed or the text is empty.
std::size_t utf8_length(std::string_view);

bool is_utf8(std::string_view);

}  // namespace muster::wire
