#include "crypto/csr.h"

#include <cstdlib>

using namespace muster;

// A request that passes says nothing but what its octets say: its key is accepted by itself too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (auto csr = crypto::parse_csr(input)) {
    if (csr->digest != crypto::sha256(input)) std::abort();
    if (!crypto::PublicKey::from_spki(csr->key.spki())) std::abort();
  }
  return 0;
}
