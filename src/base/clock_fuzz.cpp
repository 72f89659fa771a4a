#include "base/clock.h"

#include <cstdlib>

#include "base/bytes.h"

using namespace muster;

// A duration and a time that are read are shown so that they are read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of({data, size});
  if (const auto duration = parse_duration(text)) {
    if (*duration < Duration::zero() || *duration > 100 * 366 * 24h) std::abort();
    const auto again = parse_duration(show(*duration));
    if (!again || *again != *duration) std::abort();
  }
  if (const auto at = parse_rfc3339(text)) {
    const auto again = parse_rfc3339(rfc3339(*at));
    if (!again || *again != *at) std::abort();
  }
  return 0;
}
