#include "crypto/ocsp.h"

#include <cstdlib>

using namespace muster;
using namespace muster::crypto;

// A request that is read, written again, is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = parse_ocsp_request(ByteView(data, size));
  if (!request) return 0;
  const auto again = parse_ocsp_request(expect(make_ocsp_request(*request)));
  if (!again || *again != *request) std::abort();
  return 0;
}
