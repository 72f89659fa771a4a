#include "wire/internal/words.h"

namespace muster::wire {

void add_words(std::string& to, std::string_view text, std::size_t most) {
  if (text.empty() || to.size() >= most) return;
  if (!to.empty()) to += "; ";
  for (const char c : text) to += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  if (to.size() <= most) return;
  while (most > 0 && (static_cast<unsigned char>(to[most]) & 0xc0) == 0x80) --most;
  to.resize(most);
}

}  // namespace muster::wire
