// gateway/codings -- which codings of content a client takes, from its headers: Accept-Encoding
// (RFC 9110 section 12.5.3) and Available-Dictionary (RFC 9842 section 2.2). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace muster::gateway {

bool accepts(std::string_view accept_encoding, std::string_view coding);  // by its name, q above 0

// The dictionary's SHA-256 in hexadecimal; empty when the header does not read.
std::string dictionary_of(std::string_view available_dictionary);

// Whether a list of entity tags (If-None-Match) has this one, compared weakly.
bool lists(std::string_view tags, std::string_view tag);

}  // namespace muster::gateway
