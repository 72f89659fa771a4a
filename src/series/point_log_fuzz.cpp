// A segment in which anything may stand: what is not a whole record is counted, and what is one has
// the samples that its octets have room for. Then the same octets as the body of a record whose
// checksum is right, which is what guards the reader behind it.
#include <cstdlib>

#include "series/internal/crc32c.h"
#include "series/internal/octets.h"
#include "series/internal/point_log.h"

using namespace muster;
using namespace muster::series;

namespace {

constexpr std::size_t segment_head = 16, record_head = 12, sample_bytes = 20;

void read(ByteView segment) {
  std::size_t records = 0, octets = 0;
  const Replay done = replay(segment, [&](const Record& record) {
    ++records;
    octets += record_head + record.samples.size() * sample_bytes;
    for (const NewKey& key : record.keys) octets += key.device.size() + key.metric.size();
  });
  if (done.records != records || octets + done.octets_lost > segment.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  read({bytes, count});
  Bytes sealed(segment_head + record_head);
  sealed.insert(sealed.end(), bytes, bytes + count);
  auto* head = sealed.data() + segment_head;
  for (const char letter : {'M', 'R', 'E', 'C'}) *head++ = static_cast<std::uint8_t>(letter);
  put(head, static_cast<std::uint32_t>(count));
  put(head, crc32c({bytes, count}));
  read(sealed);
  return 0;
}
