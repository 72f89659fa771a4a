// musterd/keys -- the keys that sign for the controller itself: its ledger's, and the online
// release key.
//
// Each is a file below keys/, made at first start, or in a token behind a process of its own, so
// that no door's bug reaches the PIN or the module, and the domain's thread waits for it so long
// and no longer. Before the program's first thread.
#pragma once

#include <memory>

#include "crypto/key.h"
#include "musterd/config.h"

namespace muster {

struct Keys {
  std::unique_ptr<const crypto::SigningKey> ledger;  // Ed25519, as signed notes have it
  std::unique_ptr<const crypto::SigningKey> release;

  // A token's key is made when there is none and the folder is new. Refused: a token for a key
  // whose file is still there, a ledger key that is not Ed25519.
  static Result<Keys> open(const Config&);
};

}  // namespace muster
