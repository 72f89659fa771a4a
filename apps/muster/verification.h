// muster/verification -- the auditor's side of the ledger: every hash computed again from what is
// downloaded, nothing believed but the checkpoint key. Blocks; main thread.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "muster/remote.h"

namespace muster {

struct Verified {
  std::string origin;
  std::uint64_t size = 0;
  std::string root;         // hex
  std::uint64_t tiles = 0;  // hash tiles compared with what the entries give
  std::string note;         // the checkpoint, to keep for the next time
};

// key: the verifier key (DIR/ledger.vkey, obtained apart from the controller). earlier: a
// checkpoint kept from before, or empty; the log must then be an extension of it.
Result<Verified> verify_ledger(
    Remote&, const std::string& key, const std::string& earlier,
    const std::function<void(std::uint64_t done, std::uint64_t size)>& progress);

}  // namespace muster
