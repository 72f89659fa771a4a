// musterd/identity_settings -- identity as the operator wants it: lives, within what the signer
// gives, and the makers of TPMs that are trusted, from a file. Blocks; main thread, at the start.
#pragma once

#include "identity/attestation.h"
#include "musterd/config.h"
#include "musterd/folder.h"

namespace muster {

Result<identity::Identity> open_identity(const Config&, const Folder&, store::Store&,
                                         ledger::Ledger&, inventory::Inventory&, const Clock&,
                                         Random&);

}  // namespace muster
