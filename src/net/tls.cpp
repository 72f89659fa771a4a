#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "net/internal/remote_key.h"
#include "net/internal/tls_state.h"

namespace muster::net {
namespace {

using internal::Context;
using internal::Freed;
using internal::openssl_reason;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

constexpr int certificates_max = 1000;  // in one PEM text

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_passphrase(char*, int, int, void*) {
  return -1;  // never ask on the terminal
}

Result<std::vector<Certificate>> certificates(OSSL_LIB_CTX* library, const std::string& pem,
                                              const char* field) {
  std::vector<Certificate> all;
  Bio bio = reader(pem);
  while (all.size() < certificates_max) {
    X509* raw = X509_new_ex(library, nullptr);  // the reader may free it and set it to null
    const bool read = PEM_read_bio_X509(bio.get(), &raw, no_passphrase, nullptr) != nullptr;
    Certificate one(raw);
    if (!read) break;
    all.push_back(std::move(one));
  }
  const auto last = ERR_peek_last_error();
  if (all.empty() || ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
    return fail(Fault::invalid,
                "does not hold certificates in PEM that can be read: " + openssl_reason(), field);
  ERR_clear_error();
  return all;
}

Result<Key> own_key(OSSL_LIB_CTX* library, const TlsSettings& settings, X509* certificate) {
  if (settings.key) {
    TRY(EVP_PKEY * raw, internal::remote_key(certificate, settings.key));
    return Key(raw);
  }
  Bio bio = reader(settings.key_pem);
  Key key(PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_passphrase, nullptr, library, nullptr));
  if (!key)
    return fail(Fault::invalid, "is not an unencrypted private key in PEM: " + openssl_reason(),
                "key_pem");
  return key;
}

Result<void> use_own(SSL_CTX* context, OSSL_LIB_CTX* library, const TlsSettings& settings) {
  TRY(auto chain, certificates(library, settings.chain_pem, "chain_pem"));
  TRY(const Key key, own_key(library, settings, chain[0].get()));
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1)
    return fail(Fault::invalid, "the own certificate cannot be used: " + openssl_reason(),
                "chain_pem");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return fail(
        Fault::invalid,
        "the key does not belong to the first certificate of the chain: " + openssl_reason(),
        "key_pem");
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
      return fail(Fault::invalid, "the chain cannot be used: " + openssl_reason(), "chain_pem");
  return {};
}

// The handshake itself proves that the peer holds the key.
int not_judged_here(X509_STORE_CTX* chain, void*) {
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

// Our own clock went back since it was given: the service knows its own certificates, and judges.
int lets_begin_later(int holds, X509_STORE_CTX* chain) {
  if (holds || X509_STORE_CTX_get_error(chain) != X509_V_ERR_CERT_NOT_YET_VALID) return holds;
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

Result<void> use_anchors(SSL_CTX* context, OSSL_LIB_CTX* library, const TlsSettings& settings,
                         bool server) {
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
  if (!settings.anchors_pem.empty()) {
    TRY(auto anchors, certificates(library, settings.anchors_pem, "anchors_pem"));
    for (const auto& anchor : anchors)
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), anchor.get());
  } else if (!server && SSL_CTX_set_default_verify_paths(context) != 1) {
    return fail(Fault::unavailable,
                "the system's trust anchors cannot be read: " + openssl_reason());
  }
  int mode = SSL_VERIFY_PEER;
  if (server && settings.peer == PeerCertificate::none) mode = SSL_VERIFY_NONE;
  if (server && settings.peer == PeerCertificate::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, server ? lets_begin_later : nullptr);
  if (settings.peer == PeerCertificate::any) {
    SSL_CTX_set_cert_verify_callback(context, not_judged_here, nullptr);
    SSL_CTX_set_max_cert_list(context, peer_chain_max);
  }
  return {};
}

void tune(SSL_CTX* context, const TlsSettings& settings) {
  SSL_CTX_set_min_proto_version(context, settings.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_read_ahead(context, 1);
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned in_size, void* own) {
  const auto& names = *static_cast<const std::string*>(own);
  if (names.empty()) return SSL_TLSEXT_ERR_NOACK;
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(names.data()),
                            static_cast<unsigned>(names.size()), in,
                            in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;  // RFC 7301 would rather fail; clients that only guess go on
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int staple_if_any(SSL* connection, void* own) {
  const auto& staple = *static_cast<const Bytes*>(own);
  if (staple.empty()) return SSL_TLSEXT_ERR_NOACK;
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(staple.data(), staple.size()));
  if (!copy) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(connection, copy, static_cast<long>(staple.size()));
  return SSL_TLSEXT_ERR_OK;
}

Result<std::string> protocol_names(const std::vector<std::string>& names) {
  std::string wire;
  for (const auto& name : names) {
    if (name.empty() || name.size() > 255)
      return fail(Fault::invalid, "a protocol name has 1 to 255 octets", "alpn");
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

Result<Context> make_context(OSSL_LIB_CTX* library, bool server, const TlsSettings& settings,
                             std::string& alpn) {
  ERR_clear_error();
  Context context(
      SSL_CTX_new_ex(library, nullptr, server ? TLS_server_method() : TLS_client_method()));
  if (!context) return fail(Fault::internal, "OpenSSL cannot make a context: " + openssl_reason());
  tune(context.get(), settings);
  if (server || !settings.key_pem.empty() || !settings.chain_pem.empty())
    TRY_VOID(use_own(context.get(), library, settings));
  TRY_VOID(use_anchors(context.get(), library, settings, server));
  TRY(alpn, protocol_names(settings.alpn));
  if (server && !alpn.empty()) SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, &alpn);
  if (!server && !alpn.empty())
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
  return context;
}

}  // namespace

std::string internal::openssl_reason() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "no reason given";
}

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

Result<TlsContext> TlsContext::server(const TlsSettings& settings) {
  auto state = std::make_unique<State>();
  state->library.reset(OSSL_LIB_CTX_new());
  state->server = true;
  TlsContext made(std::move(state));
  TRY_VOID(made.reload(settings));
  return made;
}

Result<TlsContext> TlsContext::client(const TlsSettings& settings) {
  auto state = std::make_unique<State>();
  state->library.reset(OSSL_LIB_CTX_new());
  TlsContext made(std::move(state));
  TRY_VOID(made.reload(settings));
  return made;
}

void TlsContext::staple(Bytes ocsp_response) {
  state_->staple = std::move(ocsp_response);
}

Result<void> TlsContext::reload(const TlsSettings& settings) {
  // The old context may still shake hands, and asks for its names through the same string.
  std::string old = state_->alpn;
  auto context = make_context(state_->library.get(), state_->server, settings, state_->alpn);
  if (!context) {
    state_->alpn = std::move(old);
    return std::unexpected(std::move(context).error());
  }
  state_->context = std::move(*context);
  state_->staple.clear();
  if (state_->server) {
    SSL_CTX_set_tlsext_status_cb(state_->context.get(), staple_if_any);
    SSL_CTX_set_tlsext_status_arg(state_->context.get(), &state_->staple);
  }
  return {};
}

}  // namespace muster::net
