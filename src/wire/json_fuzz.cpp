#include <cstdlib>

#include "base/bytes.h"
#include "wire/json.h"

using namespace muster;
using namespace muster::wire;

// What parses is written so that it parses to the same value, in either spelling.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  auto first = parse_json(text_of(ByteView(bytes, count)));
  if (!first) return 0;
  auto again = parse_json(to_text(*first));
  if (!again || *again != *first) std::abort();
  std::string sorted = canonical(*first);
  auto third = parse_json(sorted);
  if (!third || canonical(*third) != sorted) std::abort();
  return 0;
}
