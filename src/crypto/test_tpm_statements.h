// crypto/test_tpm_statements -- for tests only: what a TPM marshals, by hand: areas of keys,
// quotes, certify statements and signatures, with whatever attributes and contents a test wants.
// The test's thread.
#pragma once

#include <openssl/ec.h>

#include <cstdlib>
#include <memory>

#include "crypto/tpm.h"

namespace muster::crypto::tpm {

inline void must(bool holds) {
  if (!holds) std::abort();
}

// What a TPM marshals, by hand.
struct Marshalled {
  Bytes octets;
  Marshalled& number(std::uint64_t value, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
      octets.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  Marshalled& raw(ByteView more) {
    octets.insert(octets.end(), more.begin(), more.end());
    return *this;
  }
  Marshalled& sized(ByteView more) { return number(more.size(), 2).raw(more); }
  Bytes as_sized() const { return Marshalled().sized(octets).octets; }
};

inline constexpr std::uint32_t attestation_attributes =
    restricted | sign | fixed_tpm | fixed_parent | sensitive_data_origin;
inline constexpr std::uint32_t tls_attributes =
    sign | fixed_tpm | fixed_parent | sensitive_data_origin;
inline constexpr std::uint32_t endorsement_attributes =
    restricted | decrypt | fixed_tpm | fixed_parent | sensitive_data_origin;

// TPM2B_PUBLIC of a signing key.
inline Bytes signing_area(const PublicKey& key, std::uint32_t attributes, bool with_scheme = true) {
  const bool p384 = key.algorithm() == Algorithm::ecdsa_p384;
  const std::size_t width = p384 ? 48 : 32;
  const ByteView coordinates = ByteView(key.spki()).last(2 * width);
  Marshalled area;
  area.number(0x0023, 2).number(0x000b, 2).number(attributes, 4).sized({}).number(0x0010, 2);
  if (with_scheme) area.number(0x0018, 2).number(p384 ? 0x000c : 0x000b, 2);
  if (!with_scheme) area.number(0x0010, 2);
  area.number(p384 ? 4 : 3, 2).number(0x0010, 2);
  return area.sized(coordinates.first(width)).sized(coordinates.last(width)).as_sized();
}

inline Bytes attest_head(std::uint16_t type, ByteView nonce) {
  const Bytes qualified_signer(34, 0x0b);
  return Marshalled()
      .number(0xff544347, 4)
      .number(type, 2)
      .sized(qualified_signer)
      .sized(nonce)
      .number(123456, 8)  // clock
      .number(7, 4)       // resetCount
      .number(1, 4)       // restartCount
      .number(1, 1)       // safe
      .number(0x2019102300163636, 8)
      .octets;
}

inline Bytes quote_attest(ByteView nonce, const Selection& selection, ByteView digest) {
  Marshalled out{attest_head(0x8018, nonce)};
  out.number(1, 4).number(static_cast<std::uint16_t>(selection.bank), 2).number(3, 1);
  for (int i = 0; i < 3; ++i) out.number(selection.registers >> 8 * i & 0xff, 1);
  return out.sized(digest).octets;
}

inline Bytes certify_attest(ByteView nonce, ByteView name) {
  return Marshalled{attest_head(0x8017, nonce)}.sized(name).sized(Bytes(34, 0x0b)).octets;
}

// TPMT_SIGNATURE, by the curve's own hash.
inline Bytes tpm_signature(const SigningKey& key, ByteView attest) {
  const Bytes der = expect(key.sign(attest));
  const bool p384 = key.public_key().algorithm() == Algorithm::ecdsa_p384;
  const int width = p384 ? 48 : 32;
  const std::uint8_t* at = der.data();
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
  must(signature != nullptr);
  Bytes r(static_cast<std::size_t>(width)), s(r.size());
  must(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), r.data(), width) == width);
  must(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), s.data(), width) == width);
  return Marshalled().number(0x0018, 2).number(p384 ? 0x000c : 0x000b, 2).sized(r).sized(s).octets;
}

}  // namespace muster::crypto::tpm
