// net/tls -- TLS settings for one loop: own key and certificates, whom to trust, what to demand.
//
// Each TlsContext has an OpenSSL library context of its own, so that loops do not contend on
// OpenSSL's locks: make one per loop thread. Released buffers, read-ahead, no tickets, no session
// cache: an idle connection costs ~19 kB. reload() swaps key, chain and anchors for new handshakes
// and leaves live connections alone. A context outlives its streams and stays on their thread.
//
// Peers are checked strictly (RFC 5280 profile, purpose, and on a client the name in the
// certificate's subjectAltName; common names are not looked at). Each certificate in anchors_pem is
// trusted by itself, so that an issuing CA may be an anchor without its root. TLS 1.3, or 1.2 with
// ephemeral keys and AEAD ciphers where allowed; never renegotiation or resumption. Certificates
// are judged by the system's time; a server lets one pass that is not valid yet, so that it locks
// nobody out when its own clock goes back: whether the certificate counts the service knows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/private_key.h"

namespace muster::net {

enum class PeerCertificate {
  none,
  requested,
  required,
  any
};  // requested: accepted without, checked when given. any: accepted without; of one that is given,
    // only that the peer holds its key: whose it is, and whether it is still good, is for the
    // service to judge. The chain has at most peer_chain_max octets
inline constexpr std::size_t peer_chain_max = 16 * 1024;

struct TlsSettings {
  std::string key_pem = {},
              chain_pem = {};  // own; leaf first. Empty on a client without a certificate
  std::shared_ptr<const PrivateKey> key = {};  // instead of key_pem
  std::string anchors_pem = {};  // whom to trust; empty: on a client the system's anchors
  PeerCertificate peer = PeerCertificate::none;  // servers only; clients always demand the server's
  bool tls12 = false;  // also TLS 1.2, for EST clients that have nothing newer
  std::vector<std::string> alpn = {};
};

class TlsContext {
 public:
  static Result<TlsContext> server(const TlsSettings&);
  static Result<TlsContext> client(const TlsSettings&);
  TlsContext(TlsContext&&) noexcept;
  ~TlsContext();
  TlsContext& operator=(TlsContext&&) noexcept;
  Result<void> reload(const TlsSettings&);  // on failure the old settings stay
  // On a server, for clients that ask (RFC 6066 8): an OCSPResponse, DER, for the own certificate.
  // Empty: none. reload() forgets it.
  void staple(Bytes ocsp_response);

 private:
  friend class Stream;
  struct State;
  explicit TlsContext(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace muster::net
