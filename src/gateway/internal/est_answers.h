// gateway/est_answers -- how EST writes what it answers with (RFC 7030 section 4, RFC 8951). Pure.
#pragma once

#include "crypto/key.h"
#include "net/http.h"

namespace muster::gateway {

net::http::Response authorities_answer(ByteView certs_only, bool wrapped);
net::http::Response certificate_answer(const Bytes& certificate, bool wrapped);
// PKCS#8 and the certificate, in two parts (RFC 7030 section 4.4.2).
net::http::Response key_answer(const crypto::FileKey&, const Bytes& certificate, bool wrapped);
// P-256 and ECDSA with SHA-256 (RFC 8951 section 4).
net::http::Response attributes_answer(bool wrapped);

}  // namespace muster::gateway
