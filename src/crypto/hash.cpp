#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <new>

#include "crypto/internal/openssl.h"

namespace muster::crypto {
namespace {

const EVP_MD* fetched_sha256() {
  static const DigestHandle digest{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  if (!digest) throw std::bad_alloc();
  return digest.get();
}

DigestContextHandle started() {
  DigestContextHandle context{EVP_MD_CTX_new()};
  if (!context || EVP_DigestInit_ex2(context.get(), fetched_sha256(), nullptr) != 1)
    throw std::bad_alloc();
  return context;
}

// A context costs more than a short hash: each thread keeps one.
Hash digest_of(ByteView first, ByteView second) {
  thread_local const DigestContextHandle context = started();
  Hash out;
  EVP_DigestInit_ex2(context.get(), nullptr, nullptr);
  EVP_DigestUpdate(context.get(), first.data(), first.size());
  EVP_DigestUpdate(context.get(), second.data(), second.size());
  EVP_DigestFinal_ex(context.get(), out.data(), nullptr);
  return out;
}

}  // namespace

Hash sha256(ByteView message) {
  return digest_of(message, {});
}

Hash sha256(ByteView first, ByteView second) {
  return digest_of(first, second);
}

// RFC 2104 over the block of 64 octets that SHA-256 has.
Hash hmac_sha256(ByteView key, ByteView message) {
  std::array<std::uint8_t, 64> inner{}, outer{};
  Hash short_key{};
  if (key.size() > inner.size()) {
    short_key = sha256(key);
    key = short_key;
  }
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const std::uint8_t octet = i < key.size() ? key[i] : 0;
    inner[i] = octet ^ 0x36;
    outer[i] = octet ^ 0x5c;
  }
  Hash nested = sha256(inner, message);
  Hash out = sha256(outer, nested);
  for (auto secret : {std::span<std::uint8_t>(inner), std::span<std::uint8_t>(outer),
                      std::span<std::uint8_t>(short_key), std::span<std::uint8_t>(nested)})
    OPENSSL_cleanse(secret.data(), secret.size());
  return out;
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Sha256::State {
  DigestContextHandle context = started();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;

void Sha256::update(ByteView more) {
  EVP_DigestUpdate(state_->context.get(), more.data(), more.size());
}

Hash Sha256::finish() {
  Hash out;
  EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr);
  return out;
}

}  // namespace muster::crypto
