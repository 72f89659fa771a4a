#include "pkcs11/internal/spelling.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::pkcs11;
using crypto::Algorithm;

namespace {

// The public key's octets as they end its SubjectPublicKeyInfo.
Bytes point_of(const crypto::PublicKey& key, std::size_t size) {
  return {key.spki().end() - static_cast<std::ptrdiff_t>(size), key.spki().end()};
}

Bytes joined(Bytes head, const Bytes& rest) {
  head.insert(head.end(), rest.begin(), rest.end());
  return head;
}

}  // namespace

TEST_CASE("a public key is read however a token wraps it") {
  const auto edwards = expect(crypto::FileKey::generate(Algorithm::ed25519)).public_key();
  const Bytes octets = point_of(edwards, 32);
  std::vector<Bytes> names = curve_spellings(Algorithm::ed25519);
  names.push_back({0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01});
  for (const Bytes& name : names)
    for (const Bytes& point :
         {octets, joined({0x04, 0x20}, octets), joined({0x03, 0x21, 0x00}, octets)})
      CHECK(expect(public_key_of(name, point)).spki() == edwards.spki());
  for (const auto& [algorithm, size] :
       {std::pair(Algorithm::ecdsa_p256, 65), std::pair(Algorithm::ecdsa_p384, 97)}) {
    const auto key = expect(crypto::FileKey::generate(algorithm)).public_key();
    const Bytes point = point_of(key, static_cast<std::size_t>(size));
    const Bytes wrapped = joined({0x04, static_cast<std::uint8_t>(size)}, point);
    for (const Bytes& each : {point, wrapped})
      CHECK(expect(public_key_of(curve_spellings(algorithm).front(), each)).spki() == key.spki());
  }
}

TEST_CASE("a public key that is none is refused") {
  const Bytes p256 = curve_spellings(Algorithm::ecdsa_p256).front();
  const auto key = expect(crypto::FileKey::generate(Algorithm::ecdsa_p256)).public_key();
  Bytes point = point_of(key, 65);
  CHECK_FALSE(public_key_of({}, point));
  CHECK_FALSE(public_key_of(Bytes{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23}, point));  // P-521
  CHECK_FALSE(public_key_of(p256, {}));
  CHECK_FALSE(public_key_of(p256, ByteView(point).first(64)));
  CHECK_FALSE(public_key_of(p256, joined({0x04, 0x40}, point)));
  CHECK_FALSE(public_key_of(curve_spellings(Algorithm::ecdsa_p384).front(), point));
  point[64] ^= 1;  // no longer on the curve
  CHECK_FALSE(public_key_of(p256, point));
}

TEST_CASE("r and s become minimal positive integers") {
  Bytes raw(64);
  raw[31] = 0x7f;
  raw[32] = 0x80;
  const Bytes der = expect(signature_of(Algorithm::ecdsa_p256, raw));
  REQUIRE(der.size() == 2 + 3 + 2 + 33);
  CHECK(Bytes(der.begin(), der.begin() + 9) ==
        Bytes{0x30, 0x26, 0x02, 0x01, 0x7f, 0x02, 0x21, 0x00, 0x80});
  CHECK(expect(signature_of(Algorithm::ed25519, raw)) == raw);
  for (const std::size_t size : {0, 63, 65, 96})
    CHECK(signature_of(Algorithm::ecdsa_p256, Bytes(size)).error().fault == Fault::corrupt);
}
