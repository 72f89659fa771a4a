#include "crypto/tpm.h"

#include <algorithm>
#include <bit>

#include "crypto/internal/tpm_algorithm.h"
#include "crypto/internal/tpm_reader.h"

namespace muster::crypto::tpm {
namespace {

constexpr std::size_t policy_bytes_max = 64;
constexpr std::size_t modulus_octets = 256;
constexpr std::uint16_t curve_p256 = 0x0003, curve_p384 = 0x0004;

std::string curve_name(std::uint16_t id) {
  switch (id) {
    case 0x0001:
      return "P-192";
    case 0x0002:
      return "P-224";
    case 0x0005:
      return "P-521";
    case 0x0010:
      return "BN-256";
    case 0x0011:
      return "BN-638";
    case 0x0020:
      return "SM2";
  }
  return "number " + std::to_string(id);
}

// TPMT_SYM_DEF_OBJECT: the size of an AES-CFB key, or 0.
Result<unsigned> read_symmetric(Reader& in) {
  TRY(const std::uint16_t cipher, in.u16("symmetric algorithm of the public area"));
  if (cipher == alg_null) return 0u;
  if (cipher != alg_aes)
    return fail(Fault::invalid, "symmetric algorithm of the public area is " +
                                    algorithm_name(cipher) + "; accepted is AES");
  TRY(const std::uint16_t bits, in.u16("symmetric key size of the public area"));
  if (bits != 128 && bits != 256)
    return fail(Fault::invalid, "symmetric key of the public area has " + std::to_string(bits) +
                                    " bits; accepted are 128 and 256");
  TRY(const std::uint16_t mode, in.u16("symmetric mode of the public area"));
  if (mode != alg_cfb)
    return fail(Fault::invalid, "symmetric mode of the public area is " + algorithm_name(mode) +
                                    "; accepted is CFB");
  return bits;
}

// TPMT_RSA_SCHEME and TPMT_ECC_SCHEME.
Result<void> read_scheme(Reader& in, PublicArea& area) {
  TRY(const std::uint16_t id, in.u16("scheme of the public area"));
  if (id == alg_null) return {};
  const Scheme accepted = area.kind == Kind::rsa2048 ? Scheme::rsassa : Scheme::ecdsa;
  if (static_cast<Scheme>(id) != accepted)
    return fail(Fault::invalid, "scheme of the public area is " + algorithm_name(id) +
                                    "; accepted are none and " +
                                    algorithm_name(static_cast<std::uint16_t>(accepted)));
  area.scheme = accepted;
  TRY(area.scheme_hash, read_hash(in, "hash of the public area's scheme"));
  return {};
}

Result<void> read_rsa(Reader& in, PublicArea& area) {
  area.kind = Kind::rsa2048;
  TRY(area.aes_bits, read_symmetric(in));
  TRY_VOID(read_scheme(in, area));
  TRY(const std::uint16_t bits, in.u16("RSA key size of the public area"));
  if (bits != 8 * modulus_octets)
    return fail(Fault::invalid, "the public area is of an RSA-" + std::to_string(bits) +
                                    " key; accepted are RSA-2048, P-256 and P-384");
  TRY(const std::uint32_t exponent, in.u32("RSA exponent of the public area"));
  if (exponent != 0 && exponent != 65537)
    return fail(Fault::invalid, "the RSA exponent of the public area is " +
                                    std::to_string(exponent) + "; accepted is 65537");
  TRY(const ByteView modulus, in.sized(modulus_octets, "RSA modulus of the public area"));
  if (modulus.size() != modulus_octets || !(modulus.front() & 0x80) || !(modulus.back() & 1))
    return fail(Fault::invalid, "RSA modulus of the public area is no odd number of 2048 bits");
  area.unique.assign(modulus.begin(), modulus.end());
  return {};
}

// A coordinate may come without its leading zeros from older TPMs.
Result<void> read_coordinate(Reader& in, PublicArea& area, const char* what) {
  const std::size_t width = coordinate_octets(area.kind);
  TRY(const ByteView given, in.sized(width, what));
  if (given.empty()) return fail(Fault::invalid, std::string(what) + " is empty");
  area.unique.resize(area.unique.size() + width - given.size());
  write_octets(area.unique, given);
  return {};
}

Result<void> read_ecc(Reader& in, PublicArea& area) {
  area.kind = Kind::ecc_p256;  // until the curve is known
  TRY(area.aes_bits, read_symmetric(in));
  TRY_VOID(read_scheme(in, area));
  TRY(const std::uint16_t curve, in.u16("curve of the public area"));
  if (curve != curve_p256 && curve != curve_p384)
    return fail(Fault::invalid, "the public area is of a key on the curve " + curve_name(curve) +
                                    "; accepted are RSA-2048, P-256 and P-384");
  if (curve == curve_p384) area.kind = Kind::ecc_p384;
  TRY(const std::uint16_t kdf, in.u16("key derivation of the public area"));
  if (kdf != alg_null)
    return fail(Fault::invalid, "key derivation of the public area is " + algorithm_name(kdf) +
                                    "; accepted is none");
  area.unique = {0x04};
  TRY_VOID(read_coordinate(in, area, "X of the public area"));
  return read_coordinate(in, area, "Y of the public area");
}

Result<void> read_area(Reader& in, PublicArea& area) {
  TRY(const std::uint16_t type, in.u16("type of the public area"));
  if (type != alg_rsa && type != alg_ecc)
    return fail(Fault::invalid, "the public area is of " + algorithm_name(type) +
                                    "; accepted are RSA-2048, P-256 and P-384");
  TRY(area.name_algorithm, read_hash(in, "name algorithm of the public area"));
  TRY(area.attributes, in.u32("attributes of the public area"));
  TRY(const ByteView policy, in.sized(policy_bytes_max, "policy of the public area"));
  if (!policy.empty() && policy.size() != digest_octets(area.name_algorithm))
    return fail(Fault::invalid, "policy of the public area is no digest of its name algorithm");
  area.policy.assign(policy.begin(), policy.end());
  TRY_VOID(type == alg_rsa ? read_rsa(in, area) : read_ecc(in, area));
  return in.end("TPM2B_PUBLIC");
}

}  // namespace

const char* name_of(HashAlgorithm hash) {
  return hash == HashAlgorithm::sha384 ? "sha384" : "sha256";
}

std::size_t digest_octets(HashAlgorithm hash) {
  return hash == HashAlgorithm::sha384 ? 48 : 32;
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::rsa2048:
      return "RSA-2048";
    case Kind::ecc_p256:
      return "P-256";
    case Kind::ecc_p384:
      return "P-384";
  }
  return "unknown";
}

Bytes PublicArea::spki() const {
  return spki_of(kind, unique);
}

Hash PublicArea::fingerprint() const {
  return sha256(spki());
}

Result<PublicKey> PublicArea::signing_key() const {
  if (kind == Kind::rsa2048)
    return fail(Fault::invalid,
                "the key in the TPM is RSA-2048; accepted for signing are P-256 and P-384");
  if (!has(sign)) return fail(Fault::invalid, "the key in the TPM is not one that signs");
  return PublicKey::from_spki(spki());
}

Result<PublicArea> parse_public(ByteView tpm2b_public) {
  Reader outer(tpm2b_public);
  TRY(const ByteView octets, outer.sized(public_area_bytes_max, "TPM2B_PUBLIC"));
  TRY_VOID(outer.end("TPM2B_PUBLIC"));
  PublicArea area;
  Reader in(octets);
  TRY_VOID(read_area(in, area));
  area.octets.assign(octets.begin(), octets.end());
  write_u16(area.name, static_cast<std::uint16_t>(area.name_algorithm));
  write_octets(area.name, hashed(area.name_algorithm, octets));
  return area;
}

Result<void> check_attestation_key(const PublicArea& area) {
  static constexpr std::pair<Attribute, const char*> required[] = {
      {restricted, "restricted"},
      {fixed_tpm, "fixedTPM"},
      {fixed_parent, "fixedParent"},
      {sensitive_data_origin, "sensitiveDataOrigin"},
      {sign, "sign"},
  };
  for (const auto& [attribute, name] : required)
    if (!area.has(attribute))
      return fail(Fault::unauthorized, std::string("the attestation key is not ") + name +
                                           "; make it as a restricted signing key of the TPM");
  if (area.has(decrypt))
    return fail(Fault::unauthorized, "the attestation key may decrypt too; it must only sign");
  if (area.scheme == Scheme::none)
    return fail(Fault::unauthorized, "the attestation key has no signing scheme of its own");
  return {};
}

std::size_t Selection::count() const {
  return static_cast<std::size_t>(std::popcount(registers));
}

Selection selection_of(std::initializer_list<unsigned> registers) {
  Selection out;
  for (const unsigned one : registers) out.registers |= 1u << one % registers_max;
  return out;
}

Result<Selection> parse_selection(std::string_view text) {
  const auto refused = [] {
    return fail(Fault::invalid,
                "PCR selection: a bank and rising numbers below 24, as in \"sha256:0,1,7\"; the "
                "banks are sha256 and sha384");
  };
  Selection out;
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return refused();
  if (text.substr(0, colon) == name_of(HashAlgorithm::sha384)) out.bank = HashAlgorithm::sha384;
  if (text.substr(0, colon) != name_of(out.bank)) return refused();
  for (std::size_t at = colon; at < text.size();) {
    const std::size_t start = at + 1;
    at = std::min(text.find(',', start), text.size());
    const std::string_view digits = text.substr(start, at - start);
    if (digits.empty() || digits.size() > 2 || (digits.size() == 2 && digits[0] == '0') ||
        digits.find_first_not_of("0123456789") != digits.npos)
      return refused();
    unsigned one = 0;
    for (const char digit : digits) one = one * 10 + static_cast<unsigned>(digit - '0');
    if (one >= registers_max || out.registers >> one != 0) return refused();
    out.registers |= 1u << one;
  }
  return out;
}

std::string show(const Selection& selection) {
  std::string out = name_of(selection.bank);
  char before = ':';
  for (unsigned one = 0; one < 32; ++one) {
    if (!(selection.registers >> one & 1)) continue;
    out += before + std::to_string(one);
    before = ',';
  }
  return out;
}

}  // namespace muster::crypto::tpm
