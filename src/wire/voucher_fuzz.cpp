#include "wire/voucher.h"

#include <cstdlib>

using namespace muster;
using namespace muster::wire;

// A voucher that is read, written again, is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto voucher = parse_voucher(text_of(ByteView(bytes, count)));
  if (!voucher) return 0;
  const auto again = parse_voucher(to_text(*voucher));
  if (!again || *again != *voucher) std::abort();
  return 0;
}
