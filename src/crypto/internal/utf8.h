// crypto/internal/utf8 -- is this text, and text that a line or a name may hold? Pure; any thread.
#pragma once

#include <string_view>

namespace muster::crypto {

bool is_utf8(std::string_view);            // RFC 3629: shortest form, no surrogates
bool is_printable_utf8(std::string_view);  // and no C0, C1 or delete
bool has_unicode_space(std::string_view utf8);
std::size_t characters_in(std::string_view utf8);

}  // namespace muster::crypto
