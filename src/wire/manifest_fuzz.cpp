#include <cstdlib>

#include "base/bytes.h"
#include "wire/manifest.h"

using namespace muster;
using namespace muster::wire;

// A manifest says the same in both forms, but for its owner.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  auto manifest = parse_manifest(text_of(ByteView(bytes, count)));
  if (!manifest) return 0;
  auto json = parse_manifest(to_json_text(*manifest));
  if (!json || *json != *manifest) std::abort();
  auto csv = parse_manifest(to_csv_text(*manifest));
  if (!csv || csv->devices != manifest->devices) std::abort();
  return 0;
}
