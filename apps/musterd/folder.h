// musterd/folder -- the data folder: made at first start with its keys and certificates, opened
// again after that.
//
//   muster.db  telemetry/  artifacts/   what is kept
//   keys/{server,ledger,release}.key   0600; the last two not when they are in a token
//   ca.pem                   the fleet root, for clients
//   issuing.pem  server.pem  the issuing CA; the doors' certificate and its chain
//   signer/                  the signer's own folder, when it is started from here
//   release.pub              the online release key, for devices
//   ledger.vkey              the checkpoint key, for auditors (C2SP verifier key)
//   admin.token              the first operator's, 0600
//   ports.json               where the doors are, rewritten at each start
//
// The CA certificates are the signer's. When the server certificate is issued anew:
// desk/server_certificate.
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
#include "musterd/config.h"
#include "musterd/keys.h"
#include "signer/issuer.h"

namespace muster {

struct Names {  // what the server certificate is for; the first one names the ledger too
  std::vector<std::string> dns, addresses;
};

struct Folder {
  std::filesystem::path path;
  std::vector<crypto::Certificate> authority;  // issuing, then root
  std::string server_key_pem, server_chain_pem, device_anchors_pem;
  std::string log_origin;  // of the ledger: as lasting as its key

  // Makes the folder, or sees that nothing is missing from one that was complete; opens its keys.
  static Result<Keys> prepare(const Config&);
  static Result<Folder> open(const Config&, const Keys&, signer::Issuer&, const Clock&, Random&);
};

// Asks the signer for a certificate of the doors' key, waits for it, and writes server.pem: the
// chain.
Result<std::string> new_server_chain(const std::filesystem::path&, const desk::ServerTerms&,
                                     const crypto::PublicKey&, signer::Issuer&,
                                     const crypto::Certificate& issuer, const Clock&, Random&);

Result<std::string> read_text(const std::filesystem::path&);
// Whole or not at all: a temporary file, fsync, rename, fsync of the folder.
Result<void> write_text(const std::filesystem::path&, std::string_view text, bool secret);

}  // namespace muster
