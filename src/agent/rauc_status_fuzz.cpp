#include <cstdlib>

#include "agent/internal/rauc.h"
#include "base/bytes.h"

using namespace muster;
using namespace muster::agent;

// Whatever RAUC prints: it reads, and leads to a place or to none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto status = parse_rauc_status(text_of(ByteView(bytes, count)));
  if (!status) return 0;
  const auto placement = placement_of(*status);
  if (placement && placement->from == placement->to) std::abort();
  return 0;
}
