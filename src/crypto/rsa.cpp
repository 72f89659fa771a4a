#include "crypto/rsa.h"

#include <openssl/rsa.h>

#include "crypto/internal/openssl.h"
#include "crypto/internal/pem.h"

namespace muster::crypto {
namespace {

constexpr std::size_t pem_bytes_max = 16 * 1024;
constexpr int bits_min = 2048, bits_max = 8192;
constexpr std::size_t exponent_max = 8;  // octets; more only makes verifying slow

bool verify(EVP_PKEY* key, int padding, ByteView message, ByteView signature) {
  const QuietErrors quiet;
  const DigestContextHandle context{EVP_MD_CTX_new()};
  EVP_PKEY_CTX* parameters = nullptr;  // the context owns it
  return context &&
         EVP_DigestVerifyInit_ex(context.get(), &parameters, "SHA256", nullptr, nullptr, key,
                                 nullptr) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(parameters, padding) == 1 &&
         (padding != RSA_PKCS1_PSS_PADDING ||
          EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_AUTO) == 1) &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

Result<void> check(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 1) return fail(Fault::invalid, "the public key is not RSA");
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < bits_min || bits > bits_max)
    return fail(Fault::invalid, "the RSA key has " + std::to_string(bits) + " bits; 2048 to 8192");
  BIGNUM* read = nullptr;
  EVP_PKEY_get_bn_param(key, "e", &read);
  const Owned<BIGNUM, BN_free> exponent{read};
  if (!exponent || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get()) ||
      static_cast<std::size_t>(BN_num_bytes(exponent.get())) > exponent_max)
    return fail(Fault::invalid, "the exponent of the RSA key is not a usual one");
  return {};
}

}  // namespace

struct RsaVerifier::State {
  Bytes spki;
  KeyHandle key;
};

Result<RsaVerifier> RsaVerifier::from_pem(std::string_view text) {
  if (text.size() > pem_bytes_max) return fail(Fault::invalid, "PEM: too large for a public key");
  TRY(auto blocks, crypto::from_pem(text, "PUBLIC KEY", 1));
  const QuietErrors quiet;
  const std::uint8_t* at = blocks.front().data();
  KeyHandle key{d2i_PUBKEY(nullptr, &at, static_cast<long>(blocks.front().size()))};
  if (!key || at != blocks.front().data() + blocks.front().size())
    return fail(Fault::invalid, "PEM: not a public key that OpenSSL can read");
  TRY_VOID(check(key.get()));
  RsaVerifier out;
  out.state_ = std::make_shared<const State>(std::move(blocks.front()), std::move(key));
  return out;
}

const Bytes& RsaVerifier::spki() const {
  return state_->spki;
}

bool RsaVerifier::verify_pss(ByteView message, ByteView signature) const {
  return verify(state_->key.get(), RSA_PKCS1_PSS_PADDING, message, signature);
}

bool RsaVerifier::verify_pkcs1(ByteView message, ByteView signature) const {
  return verify(state_->key.get(), RSA_PKCS1_PADDING, message, signature);
}

}  // namespace muster::crypto
