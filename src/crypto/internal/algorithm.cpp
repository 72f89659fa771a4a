#include "crypto/internal/algorithm.h"

#include <algorithm>
#include <array>

namespace muster::crypto {
namespace {

using namespace std::literals;

struct Named {
  std::string_view oid;  // encoded
  std::string_view name;
};

constexpr auto ec_public_key = "\x2a\x86\x48\xce\x3d\x02\x01"sv;
constexpr auto curve_p256 = "\x2a\x86\x48\xce\x3d\x03\x01\x07"sv;
constexpr auto curve_p384 = "\x2b\x81\x04\x00\x22"sv;
constexpr auto ed25519_id = "\x2b\x65\x70"sv;

// Known only to be refused by name.
constexpr Named other_keys[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv, "RSA"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"sv, "RSA-PSS"},
    {"\x2a\x86\x48\xce\x38\x04\x01"sv, "DSA"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01"sv, "Diffie-Hellman"},
    {"\x2b\x65\x71"sv, "Ed448"},
    {"\x2b\x65\x6e"sv, "X25519"},
    {"\x2b\x65\x6f"sv, "X448"},
};
constexpr Named other_curves[] = {
    {"\x2a\x86\x48\xce\x3d\x03\x01\x01"sv, "P-192"},
    {"\x2b\x81\x04\x00\x21"sv, "P-224"},
    {"\x2b\x81\x04\x00\x23"sv, "P-521"},
    {"\x2b\x81\x04\x00\x0a"sv, "secp256k1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x07"sv, "brainpoolP256r1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"sv, "brainpoolP384r1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d"sv, "brainpoolP512r1"},
    {"\x2a\x81\x1c\xcf\x55\x01\x82\x2d"sv, "SM2"},
};
constexpr Named other_signatures[] = {
    {"\x2a\x86\x48\xce\x3d\x04\x01"sv, "ECDSA with SHA-1"},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x01"sv, "ECDSA with SHA-224"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"sv, "RSA with MD5"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"sv, "RSA with SHA-1"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"sv, "RSA with SHA-256"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"sv, "RSA with SHA-384"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"sv, "RSA with SHA-512"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"sv, "RSA-PSS"},
};

constexpr std::pair<std::string_view, Digest> ecdsa_signatures[] = {
    {"\x2a\x86\x48\xce\x3d\x04\x03\x02"sv, Digest::sha256},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x03"sv, Digest::sha384},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x04"sv, Digest::sha512},
};

std::string name_in(std::span<const Named> known, ByteView oid) {
  for (const Named& one : known)
    if (one.oid == text_of(oid)) return std::string(one.name);
  return der::dotted(oid);
}

std::unexpected<Error> refused_key(const std::string& given) {
  return fail(Fault::invalid,
              "the public key is " + given + "; accepted are ECDSA P-256, ECDSA P-384 and Ed25519");
}

Result<Algorithm> read_curve(der::Reader& parameters) {
  if (!parameters.next_is(der::oid)) return refused_key("EC without a named curve");
  TRY(const ByteView curve, parameters.object("namedCurve"));
  TRY_VOID(parameters.end("algorithm of the public key"));
  if (text_of(curve) == curve_p256) return Algorithm::ecdsa_p256;
  if (text_of(curve) == curve_p384) return Algorithm::ecdsa_p384;
  return refused_key("on the curve " + name_in(other_curves, curve));
}

// y coordinates of the points of small order, sign bit cleared, and any y that is not reduced
// modulo p: such a key signs everything, or has two spellings (RFC 8032 5.1.3, 7).
bool is_weak_ed25519_point(ByteView point) {
  static constexpr std::array<std::uint8_t, 32> order_eight_a = {
      0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
      0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
      0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};
  static constexpr std::array<std::uint8_t, 32> order_eight_b = {
      0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
      0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
      0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a};
  std::array<std::uint8_t, 32> y;
  std::copy(point.begin(), point.end(), y.begin());
  y[31] &= 0x7f;
  const bool middle_zero =
      std::all_of(y.begin() + 1, y.end(), [](std::uint8_t octet) { return octet == 0; });
  if (middle_zero && y[0] <= 1) return true;  // 0 and 1
  const bool middle_full = y[31] == 0x7f && std::all_of(y.begin() + 1, y.end() - 1,
                                                        [](auto octet) { return octet == 0xff; });
  if (middle_full && y[0] >= 0xec) return true;  // p - 1, and p and above
  return y == order_eight_a || y == order_eight_b;
}

Result<void> check_point(Algorithm algorithm, ByteView point) {
  if (algorithm == Algorithm::ed25519) {
    if (point.size() != 32) return fail(Fault::invalid, "an Ed25519 key has 32 octets");
    if (is_weak_ed25519_point(point))
      return fail(Fault::invalid, "the Ed25519 key is a point of small order or not reduced");
    return {};
  }
  const std::size_t coordinate = algorithm == Algorithm::ecdsa_p256 ? 32 : 48;
  if (point.size() == 1 + coordinate && (point[0] == 0x02 || point[0] == 0x03))
    return fail(Fault::invalid, "the point of the public key is compressed; send it uncompressed");
  if (point.size() != 1 + 2 * coordinate || point[0] != 0x04)
    return fail(Fault::invalid, "the point of the public key does not fit its curve");
  return {};
}

}  // namespace

Result<SubjectKey> read_subject_key(ByteView spki_der) {
  TRY(auto spki, der::enter_only(spki_der, der::sequence, "subjectPublicKeyInfo"));
  TRY(auto identifier, spki.enter(der::sequence, "algorithm of the public key"));
  TRY(const ByteView id, identifier.object("algorithm of the public key"));
  SubjectKey out{};
  if (text_of(id) == ec_public_key) {
    TRY(out.algorithm, read_curve(identifier));
  } else if (text_of(id) == ed25519_id) {
    TRY_VOID(identifier.end("algorithm of the public key"));
    out.algorithm = Algorithm::ed25519;
  } else {
    return refused_key(name_in(other_keys, id));
  }
  TRY(out.point, spki.whole_bits("subjectPublicKey"));
  TRY_VOID(spki.end("subjectPublicKeyInfo"));
  TRY_VOID(check_point(out.algorithm, out.point));
  return out;
}

Result<SignatureAlgorithm> read_signature_algorithm(der::Reader& in, const char* what) {
  TRY(auto identifier, in.enter(der::sequence, what));
  TRY(const ByteView id, identifier.object(what));
  for (const auto& [oid, digest] : ecdsa_signatures) {
    if (oid != text_of(id)) continue;
    TRY_VOID(identifier.end(what));
    return SignatureAlgorithm{true, digest};
  }
  if (text_of(id) == ed25519_id) {
    TRY_VOID(identifier.end(what));
    return SignatureAlgorithm{};
  }
  return fail(Fault::invalid,
              std::string(what) + " is " + name_in(other_signatures, id) +
                  "; accepted are ECDSA with SHA-256, SHA-384 or SHA-512, and Ed25519");
}

ByteView signature_algorithm_der(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::ecdsa_p256:
      return bytes_of("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"sv);
    case Algorithm::ecdsa_p384:
      return bytes_of("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"sv);
    case Algorithm::ed25519:
      break;
  }
  return bytes_of("\x30\x05\x06\x03\x2b\x65\x70"sv);
}

Digest digest_of(Algorithm algorithm) {
  return algorithm == Algorithm::ecdsa_p384 ? Digest::sha384 : Digest::sha256;
}

bool is_canonical_ecdsa_signature(ByteView signature, std::size_t scalar_octets) {
  auto fits = [&](const Result<ByteView>& scalar) {
    return scalar && scalar->size() <= scalar_octets && !(scalar->size() == 1 && (*scalar)[0] == 0);
  };
  auto pair = der::enter_only(signature, der::sequence, "signature");
  return pair && fits(pair->number("r")) && fits(pair->number("s")) && pair->empty();
}

}  // namespace muster::crypto
