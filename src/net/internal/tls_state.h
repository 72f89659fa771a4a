// net/internal/tls_state -- what a Stream needs of a TlsContext: the current SSL_CTX. One
// thread: that of the context's streams.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/tls.h"

namespace muster::net {

namespace internal {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    free(p);
  }
};
using Library = std::unique_ptr<OSSL_LIB_CTX, Freed<OSSL_LIB_CTX_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

std::string openssl_reason();  // of the newest error on this thread's queue, which is emptied

// As SSL_get_error() asks for. Emptying an empty queue would cost as much as a full one.
inline void forget_openssl_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace internal

struct TlsContext::State {
  internal::Library library;  // outlives every context made in it
  internal::Context context;
  bool server = false;
  std::string alpn;  // as on the wire: each name after its length
  Bytes staple;      // OCSPResponse, DER
};

}  // namespace muster::net
