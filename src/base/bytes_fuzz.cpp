#include "base/bytes.h"

#include <cstdlib>

using namespace muster;

namespace {

void same(ByteView octets, const Result<Bytes>& again) {
  if (!again || text_of(*again) != text_of(octets)) std::abort();
}

}  // namespace

// Octets come back from each of their spellings, and what a text is read as is written so that it
// is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  same(input, from_hex(to_hex(input)));
  same(input, from_base64(to_base64(input)));
  same(input, from_base64(to_base64url(input)));
  if (const auto octets = from_hex(text_of(input))) {
    if (octets->size() * 2 != size) std::abort();
    same(*octets, from_hex(to_hex(*octets)));
  }
  if (const auto octets = from_base64(text_of(input))) {
    if (octets->size() > size / 4 * 3 + 2) std::abort();
    same(*octets, from_base64(to_base64url(*octets)));
  }
  return 0;
}
