// crypto/tpm -- the server's side of TPM 2.0 (TCG TPM 2.0 Library 1.59, parts 1 to 3): what a TPM
// says of its keys, the challenge that only one TPM can open, and what it signs about itself.
//
// It talks to no TPM and keeps nothing. Everything read here is in the TPM's own marshalling, as it
// went over the wire: sizes are checked before memory is taken, nothing may follow the last field,
// and what is not accepted is refused by name. A structure that cannot be read is invalid; one that
// reads well and proves nothing is unauthorized. What a PublicArea says is a claim until the
// endorsement (crypto/endorsement), a challenge or a certify statement ties it to a TPM.
// Pure but for the Random it is handed; any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/key.h"

namespace muster::crypto::tpm {

enum class HashAlgorithm : std::uint16_t { sha256 = 0x000b, sha384 = 0x000c };  // TPM_ALG_ID
const char* name_of(HashAlgorithm);  // "sha256", as PCR banks are spelled
std::size_t digest_octets(HashAlgorithm);

enum class Kind { rsa2048, ecc_p256, ecc_p384 };
const char* name_of(Kind);

enum Attribute : std::uint32_t {  // TPMA_OBJECT, those that are looked at
  fixed_tpm = 1u << 1,
  fixed_parent = 1u << 4,
  sensitive_data_origin = 1u << 5,
  restricted = 1u << 16,
  decrypt = 1u << 17,
  sign = 1u << 18,
};

enum class Scheme : std::uint16_t { none = 0x0010, rsassa = 0x0014, ecdsa = 0x0018 };

struct PublicArea {
  Bytes octets;  // TPMT_PUBLIC, as received
  Bytes name;    // the algorithm's two octets, and that hash of `octets`
  Kind kind = Kind::ecc_p256;
  HashAlgorithm name_algorithm = HashAlgorithm::sha256;
  std::uint32_t attributes = 0;  // TPMA_OBJECT, whole
  Bytes policy;                  // authPolicy; empty if it has none
  unsigned aes_bits = 0;         // of AES-CFB, for what it protects; 0: it is no storage key
  Scheme scheme = Scheme::none;  // what it signs with; none: whatever the caller asks for
  HashAlgorithm scheme_hash = HashAlgorithm::sha256;  // without meaning if the scheme is none
  Bytes unique;  // RSA: the modulus, its exponent is 65537; ECC: 0x04 || X || Y, each coordinate
                 // padded to the curve's width

  bool has(Attribute one) const { return (attributes & one) == one; }
  Bytes spki() const;        // SubjectPublicKeyInfo in DER; one key has one spelling
  Hash fingerprint() const;  // SHA-256 of the SPKI: what a manifest names an endorsement key by
  Result<PublicKey> signing_key() const;  // P-256 and P-384 that sign; the point is checked
};

inline constexpr std::size_t public_area_bytes_max = 512;  // RSA-2048 has at most 362

Result<PublicArea> parse_public(ByteView tpm2b_public);

// Restricted, made in and never to leave its TPM, for signing only, with a scheme of its own: such
// a key signs nothing that only looks like the TPM's word. The refusal names what is missing.
Result<void> check_attestation_key(const PublicArea&);

// --- The challenge (part 1, section 24) -----------------------------------------------------

struct Challenge {
  Bytes id_object;         // TPM2B_ID_OBJECT
  Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// TPM2_MakeCredential in software: only the TPM that holds `endorsement_key` and, in the same TPM,
// an object of that name gets `secret` back from TPM2_ActivateCredential. The secret has 1 octet
// to as many as a digest of the endorsement key's name algorithm. Random gives the seed under an
// RSA key; the padding of OAEP and the ephemeral ECDH key are made by OpenSSL of its own
// randomness.
Result<Challenge> make_credential(const PublicArea& endorsement_key, ByteView attestation_key_name,
                                  ByteView secret, Random&);

// --- What an attestation key signs (part 2, section 10.12) ----------------------------------

// Registers of one bank, in the notation of tpm2-tools: "sha256:0,1,7,8".
struct Selection {
  HashAlgorithm bank = HashAlgorithm::sha256;
  std::uint32_t registers = 0;  // bit n: PCR n, 0 to 23

  std::size_t count() const;
  bool operator==(const Selection&) const = default;
};
inline constexpr unsigned registers_max = 24;
// Of the SHA-256 bank; each below 24.
Selection selection_of(std::initializer_list<unsigned> registers);
Result<Selection> parse_selection(std::string_view);  // rising, at least one
std::string show(const Selection&);

// In the storage hierarchy a TPM obfuscates the counts and the firmware version; a key below the
// endorsement key gives them as they are.
struct ClockReading {
  std::uint64_t clock = 0;          // ms that this TPM was powered
  std::uint32_t reset_count = 0;    // TPM resets: boots
  std::uint32_t restart_count = 0;  // restarts and resumes since the reset
  bool safe = false;                // false: a later clock may have been given out before
};

struct Quoted {
  Selection selection;
  Bytes pcr_digest;
  HashAlgorithm digest_algorithm =
      HashAlgorithm::sha256;  // of pcr_digest: the key's, not the bank's
  ClockReading clock;
  std::uint64_t firmware_version = 0;
};

inline constexpr std::size_t attest_bytes_max = 1024;
inline constexpr std::size_t signature_bytes_max = 512;
inline constexpr std::size_t nonce_bytes_max = 64;

// `attest` is the TPMS_ATTEST that was signed (the octets inside TPM2B_ATTEST), `signature` a
// TPMT_SIGNATURE by the attestation key: ECDSA over P-256 or P-384, or RSASSA, with the hash of the
// key's scheme. The nonce is the one this quote was asked for with. Each of these is refused in its
// own words: a key that check_attestation_key refuses, what is no quote by a TPM, another nonce,
// other registers, another's signature.
Result<Quoted> verify_quote(const PublicArea& attestation_key, ByteView attest, ByteView signature,
                            ByteView nonce, const Selection&);

// The digest that a TPM quotes for these register values, given in rising order of the register.
Bytes pcr_digest(std::span<const Bytes> values, HashAlgorithm);
// Refused unless they are the values that were quoted.
Result<void> check_pcr_values(const Quoted&, std::span<const Bytes> values);

// TPM2_Certify: the TPM of the attestation key holds `certified`, which was made in it, cannot
// leave it, signs, and is `expected`, the key that a request asks a certificate for.
Result<void> verify_certify(const PublicArea& attestation_key, ByteView attest, ByteView signature,
                            ByteView nonce, const PublicArea& certified, const PublicKey& expected);

}  // namespace muster::crypto::tpm
