// crypto/internal/openssl -- owners for what OpenSSL hands out, and silence for its error queue.
//
// Any thread. Nothing here is seen outside crypto.
#pragma once

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace muster::crypto {

template <auto free_with>
struct FreeWith {
  template <class T>
  void operator()(T* p) const {
    free_with(p);
  }
};
template <class T, auto free_with>
using Owned = std::unique_ptr<T, FreeWith<free_with>>;

using DigestHandle = Owned<EVP_MD, EVP_MD_free>;
using DigestContextHandle = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using KeyHandle = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContextHandle = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using BioHandle = Owned<BIO, BIO_free_all>;
using X509Handle = Owned<X509, X509_free>;
using StoreHandle = Owned<X509_STORE, X509_STORE_free>;
using StoreContextHandle = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using CmsHandle = Owned<CMS_ContentInfo, CMS_ContentInfo_free>;

// A refused signature leaves entries in the thread's error queue, and the next SSL_get_error on
// that thread would take them for its own. What is pushed in this scope is dropped at its end.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

}  // namespace muster::crypto
