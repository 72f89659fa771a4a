// Whatever parses as a leaf is written again as the very same bytes.
#include <cstdlib>

#include "ledger/leaf.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto text = text_of({bytes, count});
  if (const auto leaf = ledger::parse_leaf(text);
      leaf && ledger::leaf_text(leaf->index, leaf->at, leaf->entry) != text)
    std::abort();
  return 0;
}
