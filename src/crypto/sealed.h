// crypto/sealed -- data at rest under one symmetric key: AES-256-GCM (NIST SP 800-38D).
//
// A sealed text is a version octet, a 96-bit nonce drawn from the system, the ciphertext and a
// 128-bit tag. `context` says what it is (a file's name) and is bound to it: what was sealed as one
// thing does not open as another. One key may seal 2^32 texts; a device seals some thousands a
// year. The key's octets are wiped from memory when it goes. Any thread.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace muster::crypto {

class SealingKey {
 public:
  static constexpr std::size_t octets = 32;
  static Result<SealingKey> generate();
  static Result<SealingKey> from(ByteView);  // exactly `octets`
  SealingKey(SealingKey&&) noexcept;
  SealingKey& operator=(SealingKey&&) noexcept;
  ~SealingKey();

  Result<Bytes> seal(ByteView plain, std::string_view context) const;
  // corrupt: another key, another context, or not what was sealed.
  Result<Bytes> open(ByteView sealed, std::string_view context) const;
  Hash id() const { return sha256(key_); }  // says which key it was, and nothing of it
  ByteView secret() const { return key_; }  // to be kept where nobody else reads

 private:
  explicit SealingKey(Bytes key) : key_(std::move(key)) {}
  Bytes key_;
};

}  // namespace muster::crypto
