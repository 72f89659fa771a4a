// agent/internal/test_authority -- for tests: a fleet root and an issuing CA, and what they sign,
// at the system's time, by which TLS judges. The test's thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "crypto/certificate.h"
#include "net/tls.h"

namespace muster::agent {

class Authority {
 public:
  Authority()
      : root_key_(expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256))),
        issuing_key_(expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256))),
        now_(std::chrono::floor<std::chrono::seconds>(SystemClock{}.now())),
        root(make({.use = crypto::Use::root_ca, .common_name = "Root"}, root_key_.public_key(),
                  nullptr, root_key_)),
        issuing(make({.use = crypto::Use::issuing_ca, .common_name = "Issuing"},
                     issuing_key_.public_key(), &root, root_key_)) {}

  crypto::Certificate device(const crypto::PublicKey& key, std::string name) {
    life_ += 1h;  // each one outlives the one before
    return make({.use = crypto::Use::client, .common_name = std::move(name)}, key, &issuing,
                issuing_key_);
  }
  net::TlsSettings door(net::PeerCertificate peer) {
    const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    const auto own = make({.use = crypto::Use::server,
                           .common_name = "muster",
                           .dns_names = {"localhost"},
                           .ip_addresses = {"127.0.0.1"}},
                          key.public_key(), &issuing, issuing_key_);
    return {.key_pem = key.private_pem(),
            .chain_pem = crypto::certificate_pem(own.der) + crypto::certificate_pem(issuing.der),
            .anchors_pem = crypto::certificate_pem(root.der),
            .peer = peer};
  }

 private:
  crypto::Certificate make(crypto::Profile profile, const crypto::PublicKey& key,
                           const crypto::Certificate* issuer, const crypto::SigningKey& signer) {
    profile.not_before = now_ - 60s;
    profile.not_after = now_ + (profile.use == crypto::Use::client ? life_ : 24h);
    crypto::Serial serial{};
    serial[0] = 1;
    serial[15] = ++last_;
    return expect(
        crypto::parse_certificate(expect(crypto::issue(profile, key, serial, issuer, signer))));
  }
  crypto::FileKey root_key_, issuing_key_;
  Instant now_;
  std::uint8_t last_ = 0;
  Duration life_ = 0h;

 public:
  crypto::Certificate root, issuing;
};

}  // namespace muster::agent
