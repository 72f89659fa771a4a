// net/private_key -- a TLS key that is elsewhere: in a TPM, in a token.
//
// A seam: whoever holds such a key implements it, and a TlsContext shakes hands with it. The key is
// on P-256 or P-384 and belongs to the context's own certificate. It is asked on the thread of the
// handshake, which waits for it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace muster::net {

class PrivateKey {
 public:
  virtual ~PrivateKey() = default;
  virtual Result<Bytes> sign_digest(ByteView digest) const = 0;  // ECDSA, in DER
};

}  // namespace muster::net
