#include "crypto/internal/tpm_algorithm.h"

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <new>

#include "crypto/internal/der.h"

namespace muster::crypto::tpm {
namespace {

using namespace std::literals;

constexpr std::uint32_t exponent = 65537;

struct Named {
  std::uint16_t id;
  const char* name;
};
constexpr Named algorithms[] = {
    {0x0001, "RSA"},        {0x0003, "TDES"},     {0x0004, "SHA-1"},
    {0x0005, "HMAC"},       {0x0006, "AES"},      {0x0008, "a keyed hash"},
    {0x000a, "XOR"},        {0x000b, "SHA-256"},  {0x000c, "SHA-384"},
    {0x000d, "SHA-512"},    {0x0010, "none"},     {0x0012, "SM3"},
    {0x0013, "SM4"},        {0x0014, "RSASSA"},   {0x0015, "RSAES"},
    {0x0016, "RSAPSS"},     {0x0017, "OAEP"},     {0x0018, "ECDSA"},
    {0x0019, "ECDH"},       {0x001a, "ECDAA"},    {0x001b, "SM2"},
    {0x001c, "EC Schnorr"}, {0x0023, "ECC"},      {0x0025, "a symmetric cipher"},
    {0x0026, "Camellia"},   {0x0027, "SHA3-256"}, {0x0028, "SHA3-384"},
    {0x0040, "CTR"},        {0x0041, "OFB"},      {0x0042, "CBC"},
    {0x0043, "CFB"},        {0x0044, "ECB"},
};

KeyHandle from_parameters(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters{OSSL_PARAM_BLD_to_param(builder)};
  const KeyContextHandle context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1) throw std::bad_alloc();
  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
  return KeyHandle(key);
}

KeyHandle rsa_key(ByteView modulus) {
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder{OSSL_PARAM_BLD_new()};
  const Owned<BIGNUM, BN_free> n{
      BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr)};
  if (!builder || !n ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_uint32(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
    throw std::bad_alloc();
  return from_parameters("RSA", builder.get());
}

KeyHandle ecc_key(const char* group, ByteView point) {
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder{OSSL_PARAM_BLD_new()};
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1)
    throw std::bad_alloc();
  return from_parameters("EC", builder.get());
}

ByteView key_algorithm_der(Kind kind) {
  switch (kind) {
    case Kind::rsa2048:
      return bytes_of("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"sv);
    case Kind::ecc_p256:
      return bytes_of(
          "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv);
    case Kind::ecc_p384:
      break;
  }
  return bytes_of("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"sv);
}

}  // namespace

std::string algorithm_name(std::uint16_t id) {
  for (const Named& one : algorithms)
    if (one.id == id) return one.name;
  const std::uint8_t octets[] = {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
  return "algorithm 0x" + to_hex(octets);
}

Result<HashAlgorithm> read_hash(Reader& in, const char* what) {
  TRY(const std::uint16_t id, in.u16(what));
  const auto hash = static_cast<HashAlgorithm>(id);
  if (hash == HashAlgorithm::sha256 || hash == HashAlgorithm::sha384) return hash;
  return fail(Fault::invalid, std::string(what) + " is " + algorithm_name(id) +
                                  "; accepted are SHA-256 and SHA-384");
}

const EVP_MD* message_digest(HashAlgorithm hash) {
  return hash == HashAlgorithm::sha384 ? EVP_sha384() : EVP_sha256();
}

Bytes hashed(HashAlgorithm hash, ByteView message) {
  Bytes out(digest_octets(hash));
  if (EVP_Digest(message.data(), message.size(), out.data(), nullptr, message_digest(hash),
                 nullptr) != 1)
    throw std::bad_alloc();
  return out;
}

Bytes hmac(HashAlgorithm hash, ByteView key, ByteView message) {
  Bytes out(digest_octets(hash));
  if (!HMAC(message_digest(hash), key.data(), static_cast<int>(key.size()), message.data(),
            message.size(), out.data(), nullptr))
    throw std::bad_alloc();
  return out;
}

std::size_t coordinate_octets(Kind kind) {
  return kind == Kind::ecc_p384 ? 48 : 32;
}

Result<KeyHandle> open_key(const PublicArea& area) {
  const QuietErrors quiet;
  KeyHandle key = area.kind == Kind::rsa2048    ? rsa_key(area.unique)
                  : area.kind == Kind::ecc_p256 ? ecc_key("P-256", area.unique)
                                                : ecc_key("P-384", area.unique);
  if (!key)
    return fail(Fault::invalid, std::string("the public area holds no key of ") +
                                    name_of(area.kind) + ": its point is not on the curve");
  return key;
}

Bytes spki_of(Kind kind, ByteView unique) {
  der::Writer out;
  out.nest(der::sequence, [&] {
    out.raw(key_algorithm_der(kind));
    if (kind != Kind::rsa2048) return out.bits(unique);
    der::Writer rsa;
    rsa.nest(der::sequence, [&] {
      rsa.number(unique);
      rsa.number(exponent);
    });
    out.bits(rsa.take());
  });
  return out.take();
}

}  // namespace muster::crypto::tpm
