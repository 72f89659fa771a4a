#include "pkcs11/internal/spelling.h"

#include <algorithm>

namespace muster::pkcs11 {
namespace {

using crypto::Algorithm;

struct Curve {
  Algorithm algorithm;
  std::size_t scalar;
  Bytes oid, spki_head;
};

const std::vector<Curve>& curves() {
  static const std::vector<Curve> all = {
      {Algorithm::ecdsa_p256,
       32,
       {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07},
       {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00}},
      {Algorithm::ecdsa_p384,
       48,
       {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22},
       {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00}},
      {Algorithm::ed25519,
       32,
       {0x06, 0x03, 0x2b, 0x65, 0x70},
       {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}}};
  return all;
}

const Curve& curve_of(Algorithm algorithm) {
  return *std::ranges::find(curves(), algorithm, &Curve::algorithm);
}

// PrintableString "edwards25519" (PKCS#11 3.0 section 2.3.5), and the OID that GnuPG gave it.
const Bytes edwards_name = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
const Bytes edwards_gnu = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01};

const Curve* curve_named(ByteView parameters) {
  for (const Curve& each : curves())
    if (std::ranges::equal(each.oid, parameters)) return &each;
  if (std::ranges::equal(edwards_name, parameters) || std::ranges::equal(edwards_gnu, parameters))
    return &curve_of(Algorithm::ed25519);
  return nullptr;
}

ByteView without_wrapping(ByteView point, std::size_t size) {
  if (point.size() == size + 2 && point[0] == 0x04 && point[1] == size) return point.subspan(2);
  if (point.size() == size + 3 && point[0] == 0x03 && point[1] == size + 1 && point[2] == 0)
    return point.subspan(3);
  return point;
}

// An INTEGER of DER: minimal, and positive.
void append_integer(Bytes& out, ByteView number) {
  while (number.size() > 1 && number[0] == 0) number = number.subspan(1);
  const bool high = (number[0] & 0x80) != 0;
  out.push_back(0x02);
  out.push_back(static_cast<std::uint8_t>(number.size() + (high ? 1 : 0)));
  if (high) out.push_back(0);
  out.insert(out.end(), number.begin(), number.end());
}

}  // namespace

std::vector<Bytes> curve_spellings(Algorithm algorithm) {
  std::vector<Bytes> out = {curve_of(algorithm).oid};
  if (algorithm == Algorithm::ed25519) out.push_back(edwards_name);
  return out;
}

Result<crypto::PublicKey> public_key_of(ByteView parameters, ByteView point) {
  const Curve* curve = curve_named(parameters);
  if (!curve)
    return fail(Fault::invalid,
                "the key in the token is on a curve that is not taken; P-256, P-384 "
                "and Ed25519 are");
  const bool edwards = curve->algorithm == Algorithm::ed25519;
  const std::size_t size = edwards ? curve->scalar : 2 * curve->scalar + 1;
  const ByteView bare = without_wrapping(point, size);
  if (bare.size() != size)
    return fail(Fault::corrupt, "the token gives a public key that is no point of its curve");
  Bytes spki = curve->spki_head;
  spki.insert(spki.end(), bare.begin(), bare.end());
  return crypto::PublicKey::from_spki(spki);
}

Result<Bytes> signature_of(Algorithm algorithm, ByteView raw) {
  const Curve& curve = curve_of(algorithm);
  if (raw.size() != 2 * curve.scalar)
    return fail(Fault::corrupt, "the token gave a signature of " + std::to_string(raw.size()) +
                                    " octets, not " + std::to_string(2 * curve.scalar));
  if (algorithm == Algorithm::ed25519) return Bytes(raw.begin(), raw.end());
  Bytes integers;
  append_integer(integers, raw.first(curve.scalar));
  append_integer(integers, raw.subspan(curve.scalar));
  Bytes out = {0x30, static_cast<std::uint8_t>(integers.size())};  // P-384: at most 102
  out.insert(out.end(), integers.begin(), integers.end());
  return out;
}

}  // namespace muster::pkcs11
