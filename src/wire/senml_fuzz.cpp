#include <algorithm>
#include <cstdlib>

#include "wire/senml.h"

using namespace muster;
using namespace muster::wire;

// What can be written is read as the same records.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  constexpr std::int64_t now = 1'790'000'000'000;
  static SenmlReader first, second;  // as in use: one reader, many packs
  auto records = first.read(ByteView(bytes, count), now);
  if (!records) return 0;
  if (records->size() > senml_records_max) std::abort();
  std::string_view base = records->empty() ? "" : records->front().name.substr(0, 3);
  auto text = senml_text(*records, base);
  if (!text || text->size() > senml_bytes_max) return 0;
  auto again = second.read(bytes_of(*text), now);
  if (!again || !std::equal(records->begin(), records->end(), again->begin(), again->end()))
    std::abort();
  return 0;
}
