#include "agent/wipe.h"

#include <cstdlib>

using namespace muster;
using namespace muster::agent;

// A record that is read, written again, is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto record = parse_wipe_record(text_of(ByteView(bytes, count)));
  if (!record) return 0;
  const std::string written = to_text(*record);
  const auto again = parse_wipe_record(written);
  if (!again || to_text(*again) != written) std::abort();
  return 0;
}
