#include <algorithm>
#include <cstdlib>

#include "pkcs11/internal/spelling.h"

using namespace muster;
using crypto::Algorithm;

namespace {

constexpr Algorithm algorithms[] = {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384,
                                    Algorithm::ed25519};

void require(bool holds) {
  if (!holds) std::abort();
}

// A key that is read says of itself what it was read from.
void read_key(ByteView parameters, ByteView point) {
  const auto key = pkcs11::public_key_of(parameters, point);
  if (!key) return;
  const std::size_t size = key->algorithm() == Algorithm::ed25519      ? 32
                           : key->algorithm() == Algorithm::ecdsa_p256 ? 65
                                                                       : 97;
  require(point.size() >= size && key->spki().size() > size);
  require(std::ranges::equal(ByteView(key->spki()).last(size), point.last(size)));
  require(crypto::PublicKey::from_spki(key->spki()).has_value());
}

// Takes an INTEGER of DER, minimal and positive, and gives it in so many octets.
Bytes take_integer(ByteView& der, std::size_t scalar) {
  require(der.size() > 2 && der[0] == 0x02);
  const std::size_t length = der[1];
  require(length >= 1 && length <= scalar + 1 && length <= der.size() - 2);
  ByteView number = der.subspan(2, length);
  der = der.subspan(2 + length);
  require((number[0] & 0x80) == 0);
  if (length > 1 && number[0] == 0) {
    require((number[1] & 0x80) != 0);
    number = number.subspan(1);
  }
  require(number.size() <= scalar);
  Bytes out(scalar - number.size());
  out.insert(out.end(), number.begin(), number.end());
  return out;
}

// r and s are found again in the DER; another size is refused.
void read_signature(Algorithm algorithm, ByteView raw) {
  const std::size_t scalar = algorithm == Algorithm::ecdsa_p384 ? 48 : 32;
  const auto signature = pkcs11::signature_of(algorithm, raw);
  require(signature.has_value() == (raw.size() == 2 * scalar));
  if (!signature) return;
  if (algorithm == Algorithm::ed25519) return require(std::ranges::equal(*signature, raw));
  ByteView der(*signature);
  require(der.size() > 2 && der[0] == 0x30 && der[1] == der.size() - 2);
  der = der.subspan(2);
  require(std::ranges::equal(take_integer(der, scalar), raw.first(scalar)));
  require(std::ranges::equal(take_integer(der, scalar), raw.subspan(scalar)));
  require(der.empty());
}

}  // namespace

// The first octet: how many of those that follow are CKA_EC_PARAMS. The rest is a point, or a
// signature. Under the names that are known it is read as well.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView input = ByteView(data, size).subspan(1);
  const std::size_t cut = std::min<std::size_t>(data[0], input.size());
  const ByteView rest = input.subspan(cut);
  read_key(input.first(cut), rest);
  for (const Algorithm algorithm : algorithms) {
    for (const Bytes& name : pkcs11::curve_spellings(algorithm)) read_key(name, rest);
    read_signature(algorithm, rest);
  }
  return 0;
}
