// musterd/folder -- the data folder: made at first start with its keys and certificates, opened
// again after that.
//
//   muster.db  telemetry/  artifacts/   what is kept
//   keys/{server,ledger,release}.key   0600; the last two not when they are in a token
//   ca.pem                   the fleet root, for clients; two while the CA rolls over
//   issuing.pem  server.pem  the issuing CA; the doors' certificate and its chain
//   signer/                  the signer's own folder, when it is started from here
//   release.pub              the online release key, for devices
//   ledger.vkey              the checkpoint key, for auditors (C2SP verifier key)
//   admin.token              the first operator's, 0600
//   ports.json               where the doors are, rewritten at each start
//
// The CA certificates are the signer's. When the server certificate is issued anew:
// desk/server_certificate. Blocks its thread: the main one, after the start that of renewal.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/key.h"
#include "desk/server_certificate.h"
#include "identity/rollover.h"
#include "musterd/config.h"
#include "musterd/keys.h"
#include "signer/issuer.h"

namespace muster {

struct Names {  // what the server certificate is for; the first one names the ledger too
  std::vector<std::string> dns, addresses;
};

struct Folder {
  std::filesystem::path path;
  identity::Trusted trusted;   // as the signer told it at start
  Duration device_life_max{};  // that the signer gives
  std::string server_key_pem, server_chain_pem;
  std::string log_origin;  // of the ledger: as lasting as its key

  std::vector<crypto::Certificate> chain() const {  // issuing, then root
    return {trusted.current.issuing, trusted.current.root};
  }

  // Makes the folder, or sees that nothing is missing from one that was complete; opens its keys.
  static Result<Keys> prepare(const Config&);
  static Result<Folder> open(const Config&, const Keys&, signer::Issuer&, const Clock&, Random&);
};

std::string pem_of(const std::vector<crypto::Certificate>&);

// Asks the signer for a certificate of the doors' key, and waits for it.
Result<crypto::Certificate> new_server_certificate(const desk::ServerTerms&,
                                                   const crypto::PublicKey&, signer::Issuer&,
                                                   const crypto::Certificate& issuer, const Clock&,
                                                   Random&);
// Writes ca.pem, issuing.pem and server.pem; the latter's text, the doors' chain.
Result<std::string> write_certificates(const std::filesystem::path&,
                                       const crypto::Certificate& server, const identity::Trusted&);

}  // namespace muster
