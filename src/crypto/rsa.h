// crypto/rsa -- RSA signatures of others, to verify and nothing else.
//
// We sign with no RSA key and accept none in certificates (crypto/key.h); the metadata of update
// repositories may carry them all the same. 2048 to 8192 bits; an even or tiny exponent is refused.
// Any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::crypto {

class RsaVerifier {
 public:
  static Result<RsaVerifier> from_pem(std::string_view);  // "BEGIN PUBLIC KEY"
  const Bytes& spki() const;                              // DER, as given
  // RSASSA-PSS with SHA-256 and MGF1 of it, a salt of any length (RFC 8017 8.1).
  bool verify_pss(ByteView message, ByteView signature) const;
  // RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2).
  bool verify_pkcs1(ByteView message, ByteView signature) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace muster::crypto
