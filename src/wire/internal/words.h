// wire/words -- what strangers say, made fit for one line of a log or a screen. Pure.
#pragma once

#include <string>
#include <string_view>

namespace muster::wire {

// Appends the text behind "; ", control characters as spaces, and cuts at `most` octets, between
// characters.
void add_words(std::string& to, std::string_view text, std::size_t most);

}  // namespace muster::wire
