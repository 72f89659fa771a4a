#include "advisory/vers.h"

#include <cstdlib>

using namespace muster::advisory;

// A range that was read is written in order; the canonical one as it was.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), count);
  (void)read_npm_range(text);
  const auto loose = read_vers(text);
  if (!loose) return 0;
  (void)loose->contains("1.0");
  if (loose->constraints.size() > constraints_max) std::abort();
  if (const auto strict = parse_vers(text)) {
    const auto again = read_vers(to_text(*strict));
    if (!again || *again != *strict) std::abort();
  }
  return 0;
}
