// net/internal/remote_key -- an OpenSSL key whose private part is a PrivateKey.
//
// By EC_KEY_METHOD, which OpenSSL 3.0 calls deprecated and has no other way for without a provider
// of our own. The key is kept by what OpenSSL makes of it, connections included, and
// asked on the thread of the handshake.
#pragma once

#include <openssl/x509.h>

#include <memory>

#include "net/private_key.h"

namespace muster::net::internal {

// With the public part that the certificate has.
Result<EVP_PKEY*> remote_key(X509* certificate, std::shared_ptr<const PrivateKey>);

}  // namespace muster::net::internal
