// TPM2_MakeCredential (part 1, sections 24 and 11.4.10; annexes B.10.4 and C.6.4).
#include <openssl/crypto.h>
#include <openssl/rsa.h>

#include <new>
#include <string_view>

#include "crypto/internal/tpm_algorithm.h"
#include "crypto/internal/tpm_reader.h"
#include "crypto/tpm.h"

namespace muster::crypto::tpm {
namespace {

using namespace std::literals;

// Labels end in a zero octet, which is hashed with them.
constexpr auto identity_label = "IDENTITY\0"sv, storage_label = "STORAGE\0"sv,
               integrity_label = "INTEGRITY\0"sv;

// Key material: wiped when it goes.
class Wiped {
 public:
  explicit Wiped(Bytes octets) : octets_(std::move(octets)) {}
  explicit Wiped(std::size_t size) : octets_(size) {}
  Wiped(Wiped&&) = default;
  Wiped& operator=(Wiped&&) = delete;
  ~Wiped() { OPENSSL_cleanse(octets_.data(), octets_.size()); }

  Bytes& octets() { return octets_; }
  ByteView view() const { return octets_; }

 private:
  Bytes octets_;
};

struct Seed {
  Wiped seed;
  Bytes encrypted;  // what TPM2B_ENCRYPTED_SECRET holds
};

void append_u32(Bytes& out, std::uint32_t value) {
  write_u16(out, value >> 16);
  write_u16(out, value & 0xffff);
}

// KDFa: one block is enough, for no key here is longer than the hash.
Wiped derive(HashAlgorithm hash, ByteView key, std::string_view label, ByteView context,
             unsigned bits) {
  Bytes message;
  append_u32(message, 1);
  write_octets(message, bytes_of(label));
  write_octets(message, context);
  append_u32(message, bits);
  Wiped out(hmac(hash, key, message));
  OPENSSL_cleanse(out.octets().data() + bits / 8, out.octets().size() - bits / 8);
  out.octets().resize(bits / 8);
  return out;
}

ByteView x_of(ByteView point) {
  return point.subspan(1, point.size() / 2);
}

Result<Bytes> oaep(EVP_PKEY* key, HashAlgorithm hash, ByteView seed) {
  const KeyContextHandle context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  void* label = OPENSSL_memdup(identity_label.data(), identity_label.size());
  if (!context || !label || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), message_digest(hash)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), message_digest(hash)) != 1 ||
      EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label,
                                       static_cast<int>(identity_label.size())) != 1)
    throw std::bad_alloc();
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = out.size();
  if (EVP_PKEY_encrypt(context.get(), out.data(), &size, seed.data(), seed.size()) != 1)
    return fail(Fault::invalid, "the RSA endorsement key does not encrypt");
  out.resize(size);
  return out;
}

Result<Seed> seed_under_rsa(EVP_PKEY* key, HashAlgorithm hash, Random& random) {
  Wiped seed(digest_octets(hash));
  random.fill(seed.octets());
  TRY(Bytes encrypted, oaep(key, hash, seed.view()));
  return Seed{std::move(seed), std::move(encrypted)};
}

Result<Wiped> agreed(EVP_PKEY* own, EVP_PKEY* peer) {
  const KeyContextHandle context{EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr)};
  std::size_t size = 0;
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1)
    return fail(Fault::invalid, "the ECC endorsement key does not agree on a secret");
  Wiped out(size);
  if (EVP_PKEY_derive(context.get(), out.octets().data(), &size) != 1 ||
      size != out.octets().size())
    return fail(Fault::invalid, "the ECC endorsement key does not agree on a secret");
  return out;
}

Result<Bytes> point_of(EVP_PKEY* key) {
  std::uint8_t* encoded = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(key, &encoded);
  if (size == 0) return fail(Fault::internal, "OpenSSL gave no point of an ephemeral key");
  Bytes out(encoded, encoded + size);
  OPENSSL_free(encoded);
  return out;
}

// One-pass ECDH and KDFe.
Result<Seed> seed_under_ecc(EVP_PKEY* peer, const PublicArea& area) {
  const char* curve = area.kind == Kind::ecc_p384 ? "P-384" : "P-256";
  const KeyHandle own{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)};
  if (!own) return fail(Fault::unavailable, "OpenSSL could not make a key; is its randomness up?");
  TRY(const Wiped shared, agreed(own.get(), peer));
  TRY(const Bytes point, point_of(own.get()));
  Bytes material;
  material.reserve(256);  // all of it: nothing is left behind in a smaller buffer
  append_u32(material, 1);
  write_octets(material, shared.view());
  write_octets(material, bytes_of(identity_label));
  write_octets(material, x_of(point));
  write_octets(material, x_of(area.unique));
  const Wiped hashed_material(std::move(material));
  Bytes encrypted;
  write_sized(encrypted, x_of(point));
  write_sized(encrypted, ByteView(point).subspan(1 + point.size() / 2));
  return Seed{Wiped(hashed(area.name_algorithm, hashed_material.view())), std::move(encrypted)};
}

// AES-CFB from an IV of zeros: the key is used once.
Bytes encrypted_identity(ByteView key, ByteView secret) {
  Bytes plain;
  plain.reserve(2 + secret.size());
  write_sized(plain, secret);
  const Wiped wiped(std::move(plain));
  const std::uint8_t iv[16] = {};
  const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context{EVP_CIPHER_CTX_new()};
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_cfb128() : EVP_aes_128_cfb128();
  Bytes out(wiped.view().size());
  int size = 0;
  if (!context || EVP_EncryptInit_ex2(context.get(), cipher, key.data(), iv, nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, wiped.view().data(),
                        static_cast<int>(out.size())) != 1)
    throw std::bad_alloc();
  return out;
}

// A storage key that cannot leave its TPM: the hash that makes the seed must carry the AES key.
Result<void> check_endorsement_key(const PublicArea& area) {
  if (!area.has(restricted) || !area.has(decrypt) || area.has(sign) || area.aes_bits == 0)
    return fail(Fault::unauthorized,
                "the endorsement key is not a restricted decryption key with AES");
  if (!area.has(fixed_tpm) || !area.has(fixed_parent) || !area.has(sensitive_data_origin))
    return fail(Fault::unauthorized,
                "the endorsement key is not fixedTPM, fixedParent and sensitiveDataOrigin");
  return {};
}

Result<void> check_name(ByteView name) {
  Reader in(name);
  TRY(const HashAlgorithm hash, read_hash(in, "hash of the attestation key's name"));
  if (in.left() == digest_octets(hash)) return {};
  return fail(Fault::invalid, "the attestation key's name is no digest of its algorithm");
}

}  // namespace

Result<Challenge> make_credential(const PublicArea& endorsement_key, ByteView attestation_key_name,
                                  ByteView secret, Random& random) {
  TRY_VOID(check_endorsement_key(endorsement_key));
  TRY_VOID(check_name(attestation_key_name));
  const HashAlgorithm hash = endorsement_key.name_algorithm;
  if (secret.empty() || secret.size() > digest_octets(hash))
    return fail(Fault::invalid, "the secret of a credential has 1 to " +
                                    std::to_string(digest_octets(hash)) +
                                    " octets for this endorsement key");
  const QuietErrors quiet;
  TRY(const KeyHandle key, open_key(endorsement_key));
  TRY(const Seed seed, endorsement_key.kind == Kind::rsa2048
                           ? seed_under_rsa(key.get(), hash, random)
                           : seed_under_ecc(key.get(), endorsement_key));
  const Wiped cipher_key =
      derive(hash, seed.seed.view(), storage_label, attestation_key_name, endorsement_key.aes_bits);
  const Wiped mac_key = derive(hash, seed.seed.view(), integrity_label, {},
                               static_cast<unsigned>(8 * digest_octets(hash)));
  const Bytes identity = encrypted_identity(cipher_key.view(), secret);
  Bytes authenticated = identity;
  write_octets(authenticated, attestation_key_name);
  Bytes object;
  write_sized(object, hmac(hash, mac_key.view(), authenticated));
  write_octets(object, identity);
  Challenge out;
  write_sized(out.id_object, object);
  write_sized(out.encrypted_secret, seed.encrypted);
  return out;
}

}  // namespace muster::crypto::tpm
