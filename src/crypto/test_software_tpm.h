// crypto/test_software_tpm -- for tests only: the TPM's side of crypto/tpm in software, from the
// same specification but by other means (OpenSSL's KBKDF and single-step KDF), with keys that no
// hardware guards and attributes as a test wants them. The test's thread.
#pragma once

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

#include "crypto/test_tpm_statements.h"

namespace muster::crypto::tpm {

// Holds an endorsement key and opens challenges.
class SoftwareTpm {
 public:
  explicit SoftwareTpm(Kind kind)
      : kind_(kind),
        hash_(kind == Kind::ecc_p384 ? "SHA384" : "SHA256"),
        hash_octets_(kind == Kind::ecc_p384 ? 48 : 32),
        aes_octets_(kind == Kind::ecc_p384 ? 32 : 16),
        key_(kind == Kind::rsa2048 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
             : kind == Kind::ecc_p256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"),
             EVP_PKEY_free) {
    must(key_ != nullptr);
  }

  const EVP_PKEY* key() const { return key_.get(); }

  // TPM2B_PUBLIC after the default templates (B.3.3, B.3.4 and B.4.5 of the EK profile).
  Bytes endorsement_area(std::uint32_t attributes = endorsement_attributes) const {
    const Bytes policy(hash_octets_, 0x5a);
    Marshalled area;
    area.number(kind_ == Kind::rsa2048 ? 0x0001 : 0x0023, 2)
        .number(hash_octets_ == 48 ? 0x000c : 0x000b, 2)
        .number(attributes, 4)
        .sized(policy)
        .number(0x0006, 2)
        .number(8 * aes_octets_, 2)
        .number(0x0043, 2)
        .number(0x0010, 2);
    if (kind_ == Kind::rsa2048)
      return area.number(2048, 2).number(0, 4).sized(modulus()).as_sized();
    const Bytes point = point_of(key_.get());
    const std::size_t width = point.size() / 2;
    return area.number(kind_ == Kind::ecc_p384 ? 4 : 3, 2)
        .number(0x0010, 2)
        .sized(ByteView(point).subspan(1, width))
        .sized(ByteView(point).last(width))
        .as_sized();
  }

  // TPM2_ActivateCredential: the secret, if the challenge is for this key and an object so named.
  Result<Bytes> activate(const Challenge& challenge, ByteView name) const {
    Bytes seed = kind_ == Kind::rsa2048 ? seed_by_rsa(unsized(challenge.encrypted_secret))
                                        : seed_by_ecc(unsized(challenge.encrypted_secret));
    if (seed.empty()) return fail(Fault::unauthorized, "the seed does not open");
    const ByteView object = unsized(challenge.id_object);
    const ByteView mac = ByteView(object).subspan(2, hash_octets_);
    const ByteView identity = ByteView(object).subspan(2 + hash_octets_);
    const Bytes mac_key = kdfa(seed, "INTEGRITY", {}, hash_octets_);
    Bytes expected(hash_octets_);
    const Bytes authenticated = Marshalled().raw(identity).raw(name).octets;
    must(EVP_Q_mac(nullptr, "HMAC", nullptr, hash_, nullptr, mac_key.data(), mac_key.size(),
                   authenticated.data(), authenticated.size(), expected.data(), expected.size(),
                   nullptr) != nullptr);
    if (!std::equal(mac.begin(), mac.end(), expected.begin(), expected.end()))
      return fail(Fault::unauthorized, "integrity check failed");
    const Bytes plain = decrypted(kdfa(seed, "STORAGE", name, aes_octets_), identity);
    const ByteView secret = unsized(plain);
    return Bytes(secret.begin(), secret.end());
  }

 private:
  static ByteView unsized(ByteView in) {
    must(in.size() >= 2 && in.size() == 2u + (in[0] << 8 | in[1]));
    return in.subspan(2);
  }

  static Bytes point_of(EVP_PKEY* key) {
    std::uint8_t* encoded = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(key, &encoded);
    Bytes out(encoded, encoded + size);
    OPENSSL_free(encoded);
    return out;
  }

  Bytes modulus() const {
    BIGNUM* n = nullptr;
    must(EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    Bytes out(256);
    must(BN_bn2binpad(n, out.data(), 256) == 256);
    BN_free(n);
    return out;
  }

  Bytes seed_by_rsa(ByteView encrypted) const {
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr), EVP_PKEY_CTX_free);
    char digest[] = "SHA256", padding[] = "oaep";
    std::uint8_t label[] = {'I', 'D', 'E', 'N', 'T', 'I', 'T', 'Y', 0};
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_PAD_MODE, padding, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label, sizeof label),
        OSSL_PARAM_construct_end()};
    must(EVP_PKEY_decrypt_init_ex(context.get(), parameters) == 1);
    Bytes out(256);
    std::size_t size = out.size();
    if (EVP_PKEY_decrypt(context.get(), out.data(), &size, encrypted.data(), encrypted.size()) != 1)
      return {};
    out.resize(size);
    return out;
  }

  Bytes seed_by_ecc(ByteView encrypted) const {
    const std::size_t width = kind_ == Kind::ecc_p384 ? 48 : 32;
    must(encrypted.size() == 2 * (2 + width));
    const Bytes x(encrypted.begin() + 2, encrypted.begin() + 2 + static_cast<long>(width));
    const Bytes point = Marshalled().number(4, 1).raw(x).raw(encrypted.last(width)).octets;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> peer(EVP_PKEY_new(), EVP_PKEY_free);
    must(EVP_PKEY_copy_parameters(peer.get(), key_.get()) == 1);
    if (EVP_PKEY_set1_encoded_public_key(peer.get(), point.data(), point.size()) != 1) return {};
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr), EVP_PKEY_CTX_free);
    Bytes shared(width);
    std::size_t size = shared.size();
    must(EVP_PKEY_derive_init(context.get()) == 1 &&
         EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1 &&
         EVP_PKEY_derive(context.get(), shared.data(), &size) == 1);
    const Bytes own = point_of(key_.get());
    const Bytes parties = Marshalled()
                              .raw(bytes_of("IDENTITY"))
                              .number(0, 1)
                              .raw(x)
                              .raw(ByteView(own).subspan(1, width))
                              .octets;
    return derived("SSKDF",
                   {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest(), 0),
                    octets(OSSL_KDF_PARAM_KEY, shared), octets(OSSL_KDF_PARAM_INFO, parties)},
                   hash_octets_);
  }

  // SP 800-108 in counter mode: its "salt" is the label, its "info" the context.
  Bytes kdfa(ByteView seed, std::string_view label, ByteView context, std::size_t size) const {
    char mac[] = "HMAC", mode[] = "COUNTER";
    return derived("KBKDF",
                   {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, mac, 0),
                    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, mode, 0),
                    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest(), 0),
                    octets(OSSL_KDF_PARAM_KEY, seed), octets(OSSL_KDF_PARAM_SALT, bytes_of(label)),
                    octets(OSSL_KDF_PARAM_INFO, context)},
                   size);
  }

  char* digest() const { return const_cast<char*>(hash_); }

  static OSSL_PARAM octets(const char* name, ByteView value) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(value.data()),
                                             value.size());
  }

  static Bytes derived(const char* name, std::vector<OSSL_PARAM> parameters, std::size_t size) {
    parameters.push_back(OSSL_PARAM_construct_end());
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(
        EVP_KDF_fetch(nullptr, name, nullptr), EVP_KDF_free);
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
        EVP_KDF_CTX_new(kdf.get()), EVP_KDF_CTX_free);
    Bytes out(size);
    must(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1);
    return out;
  }

  Bytes decrypted(ByteView key, ByteView in) const {
    const std::uint8_t iv[16] = {};
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
        EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    Bytes out(in.size());
    int size = 0;
    must(EVP_DecryptInit_ex2(context.get(),
                             aes_octets_ == 32 ? EVP_aes_256_cfb128() : EVP_aes_128_cfb128(),
                             key.data(), iv, nullptr) == 1 &&
         EVP_DecryptUpdate(context.get(), out.data(), &size, in.data(),
                           static_cast<int>(in.size())) == 1);
    return out;
  }

  Kind kind_;
  const char* hash_;
  std::size_t hash_octets_, aes_octets_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

}  // namespace muster::crypto::tpm
