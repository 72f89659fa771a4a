#include "advisory/purl.h"

#include <cstdlib>

#include "advisory/package.h"

using namespace muster::advisory;

// What was read and written is read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), count);
  (void)package_of(text);
  const auto read = parse_purl(text);
  if (!read) return 0;
  const std::string written = to_text(*read);
  if (written.size() > purl_max) return 0;  // octets that others left bare are three here
  const auto again = parse_purl(written);
  if (!again || *again != *read) std::abort();
  return 0;
}
