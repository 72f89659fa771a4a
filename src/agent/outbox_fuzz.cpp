#include "agent/outbox.h"

#include <algorithm>
#include <cstdlib>

using namespace muster;
using namespace muster::agent;

// Readings that are read, written again, are the same octets, each NaN bit for bit; and with room
// for less, whole readings from their end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const ByteView input(bytes, count);
  const auto readings = readings_of(input);
  if (!readings) return 0;
  if (!std::ranges::equal(to_octets(*readings, count), input)) std::abort();
  const std::size_t room = count - count / 3;
  const Bytes newest = to_octets(*readings, room);
  if (newest.size() > room || !std::ranges::equal(newest, input.last(newest.size())) ||
      !readings_of(newest))
    std::abort();
  return 0;
}
