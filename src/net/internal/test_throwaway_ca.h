// net/internal/test_throwaway_ca -- certificates for this module's tests, made when the test runs.
// The test's thread.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "net/internal/tls_state.h"

namespace muster::net::internal {

struct Identity {
  std::string key_pem, certificate_pem;
};

class ThrowawayCa {
 public:
  explicit ThrowawayCa(const std::string& name)
      : key_(EVP_EC_gen("P-256")), own_(certificate(name, key_.get(), "", true)) {}

  std::string pem() const { return text(own_.get()); }

  // alt_names as OpenSSL spells them: "DNS:localhost,IP:127.0.0.1"
  // It begins `begins` seconds from now.
  Identity issue(const std::string& name, const std::string& alt_names, long begins = -60) {
    Key key(EVP_EC_gen("P-256"));
    Certificate made = certificate(name, key.get(), alt_names, false, begins);
    Memory out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text(out.get()), text(made.get())};
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
  using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
  using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;

  static std::string text(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
  }
  static std::string text(X509* certificate) {
    Memory out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate);
    return text(out.get());
  }

  Certificate certificate(const std::string& name, EVP_PKEY* key, const std::string& alt_names,
                          bool authority, long begins = -60) {
    Certificate made(X509_new());
    X509* x = made.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x), begins);
    X509_gmtime_adj(X509_getm_notAfter(x), 24 * 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* issuer = authority ? x : own_.get();
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    extend(x, issuer, NID_subject_key_identifier, "hash");
    if (!authority) extend(x, issuer, NID_authority_key_identifier, "keyid");
    extend(x, issuer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(x, issuer, NID_key_usage,
           authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    if (!alt_names.empty()) extend(x, issuer, NID_subject_alt_name, alt_names.c_str());
    X509_sign(x, key_.get(), EVP_sha256());
    return made;
  }
  static void extend(X509* x, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }

  long serial_ = 1000;
  Key key_;
  Certificate own_;
};

}  // namespace muster::net::internal
