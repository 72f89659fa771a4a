#include <algorithm>
#include <cstdlib>

#include "pkcs11/internal/datagram.h"

using namespace muster;
using namespace muster::pkcs11;

// Whatever comes from the token's process is a signature or a refusal, and said again it reads the
// same, under the same number.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView datagram(data, size);
  if (size <= number_octets || size > number_octets + 1 + message_max) return 0;
  const auto result = result_of(datagram);
  const Datagram again = answer_of(number_of(datagram), result);
  if (again.size() != size || number_of(again) != number_of(datagram)) std::abort();
  const auto reread = result_of(again);
  if (reread.has_value() != result.has_value()) std::abort();
  if (result && *reread != *result) std::abort();
  if (!result && (reread.error().fault != result.error().fault ||
                  reread.error().message != result.error().message))
    std::abort();
  const auto verdict = data[number_octets];
  if (verdict <= static_cast<int>(Fault::internal) + 1 && !std::ranges::equal(again, datagram))
    std::abort();
  return 0;
}
