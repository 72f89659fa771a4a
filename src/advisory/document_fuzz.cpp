#include <cstdlib>

#include "advisory/advisory.h"
#include "advisory/package.h"

using namespace muster::advisory;

// What is read keeps to its limits, and can be matched with anything.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), count);
  const DocumentLimits limits{
      .bytes = 1 << 16, .advisories = 8, .affected = 16, .products = 16, .entries = 32};
  const auto read = read_document(text, limits);
  if (!read) return 0;
  if (read->advisories.size() > limits.advisories || read->exploited.size() > limits.entries)
    std::abort();
  for (const auto& advisory : read->advisories) {
    if (advisory.vulnerability().empty() || advisory.affected.size() > limits.affected)
      std::abort();
    for (const auto& affected : advisory.affected)
      match(affected, {affected.package, "1.0-1"}, affected.release);
  }
  return 0;
}
