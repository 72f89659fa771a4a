#include "crypto/sha512.h"

#include <new>

#include "crypto/internal/openssl.h"

namespace muster::crypto {

struct Sha512::State {
  DigestContextHandle context{EVP_MD_CTX_new()};
};

Sha512::Sha512() : state_(std::make_unique<State>()) {
  const DigestHandle sha512{EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  if (!state_->context || EVP_DigestInit_ex2(state_->context.get(), sha512.get(), nullptr) != 1)
    throw std::bad_alloc();
}
Sha512::~Sha512() = default;

void Sha512::update(ByteView more) {
  EVP_DigestUpdate(state_->context.get(), more.data(), more.size());
}

std::array<std::uint8_t, 64> Sha512::finish() {
  std::array<std::uint8_t, 64> out;
  EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr);
  return out;
}

}  // namespace muster::crypto
