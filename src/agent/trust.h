// agent/trust -- whom a device believes: keys for releases, keys for assignments, whether an offer
// is signed by both, and whether an order to wipe itself is signed by the latter.
//
// The two kinds are apart on purpose (docs/adr/0005-online-and-offline-release-keys.md): with a
// release key that the controller does not hold, the controller alone cannot make this device run
// anything. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "crypto/key.h"
#include "wire/sanitisation.h"
#include "wire/update.h"

namespace muster::agent {

struct Trust {
  std::vector<crypto::PublicKey> release_keys;     // one good signature is enough
  std::vector<crypto::PublicKey> assignment_keys;  // the controller's
  // More that an offer must show, when they are given (agent/repository.h):
  std::string tuf_root = {};    // root.json that the image repository begins with
  std::string ledger_key = {};  // of the ledger that releases must be in (crypto/note.h)
};

// Unauthorized: no key of ours signed it, or one of ours did wrongly. Invalid: it is for somebody
// else, or does not read.
Result<wire::Assignment> check_assignment(const Trust&, const DeviceId&, const wire::Offer&);

// The release that the assignment names, by its digest.
Result<wire::ReleaseMetadata> check_release(const Trust&, const wire::Assignment&,
                                            const wire::Offer&);

// Signed as an assignment is; whether it is in time is the caller's to say.
Result<wire::WipeOrder> check_wipe_order(const Trust&, const DeviceId&, std::string_view envelope);

}  // namespace muster::agent
