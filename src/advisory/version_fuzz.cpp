#include "advisory/version.h"

#include <cstdlib>

using namespace muster::advisory;

// The scheme's number, a version, a line's end, and another: equal to itself, and the order is the
// same from both sides.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  if (count < 1) return 0;
  const auto scheme = static_cast<Scheme>(bytes[0] % (static_cast<int>(Scheme::lexicographic) + 1));
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, count - 1);
  const auto line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto a = text.substr(0, line), b = text.substr(line + 1);
  if (compare(scheme, a, a) != 0 || compare(scheme, b, b) != 0) std::abort();
  if ((compare(scheme, a, b) <=> 0) != (0 <=> compare(scheme, b, a))) std::abort();
  return 0;
}
