// musterd/folder -- the data folder: made at first start with its keys and certificates, opened
// again after that.
//
//   muster.db  telemetry/  artifacts/   what is kept
//   keys/{root,issuing,server,ledger,release}.key   0600; root.key may be taken away after the
//                                                   first start
//   ca.pem                   the fleet root, for clients
//   issuing.pem  server.pem  the issuing CA; the doors' certificate and its chain
//   release.pub              the online release key, for devices
//   ledger.vkey              the checkpoint key, for auditors (C2SP verifier key)
//   admin.token              the first operator's, 0600
//   ports.json               where the doors are, rewritten at each start
//
// The server certificate is issued anew when the doors' names change or less than a third of its
// life is left.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/key.h"

namespace muster {

struct Folder {
  std::filesystem::path path;
  crypto::FileKey issuing_key, ledger_key, release_key;
  std::vector<crypto::Certificate> authority;  // issuing, then root
  std::string server_key_pem, server_chain_pem, device_anchors_pem;
  std::string log_origin;  // of the ledger: as lasting as its key

  static Result<Folder> open(const std::filesystem::path&, const std::vector<std::string>& names,
                             const std::vector<std::string>& addresses, const Clock&, Random&);
};

Result<std::string> read_text(const std::filesystem::path&);
// Whole or not at all: a temporary file, fsync, rename, fsync of the folder.
Result<void> write_text(const std::filesystem::path&, std::string_view text, bool secret);

}  // namespace muster
