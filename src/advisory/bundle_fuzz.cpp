#include "advisory/bundle.h"

#include <cstdlib>
#include <string_view>

using namespace muster;

// A bundle that was read and written is read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  const auto json = wire::parse_json(std::string_view(reinterpret_cast<const char*>(bytes), count));
  if (!json) return 0;
  const auto read = advisory::read_bundle(*json);
  if (!read) return 0;
  const auto again = advisory::read_bundle(advisory::to_json(*read));
  if (!again || !(*again == *read)) std::abort();
  return 0;
}
