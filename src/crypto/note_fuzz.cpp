#include "crypto/note.h"

#include <cstdlib>

using namespace muster;
using namespace muster::crypto;

// The first line is the verifier key, the rest the note: what opens is a part of the note, and a
// tree head that is read begins with its own text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = text_of(ByteView(data, size));
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string_view note = input.substr(std::min(line + 1, input.size()));
  if (auto text = open_note(note, input.substr(0, line)); text && !note.starts_with(*text))
    std::abort();
  if (auto head = parse_tree_head(input); head && !input.starts_with(tree_head_text(*head)))
    std::abort();
  return 0;
}
