#include "wire/sbom.h"

#include <cstdlib>

// What is read keeps to its limits, whatever was written.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), count);
  const muster::wire::SbomLimits limits{.bytes = 1 << 16, .components = 16, .nesting = 4};
  const auto read = muster::wire::read_sbom(text, limits);
  if (!read) return 0;
  if (count > limits.bytes || read->components.size() > limits.components) std::abort();
  for (const auto& each : read->components)
    if (each.purl.size() > 4'096) std::abort();
  return 0;
}
