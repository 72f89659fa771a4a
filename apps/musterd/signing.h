// musterd/signing -- where certificates are signed: by the signer that listens at --signer, or by
// one that is started beside this program, with its folder in signer/ below the data folder, and
// started again when it ends. Main thread; what it gives is called on that of signer/remote.
#pragma once

#include "musterd/config.h"
#include "musterd/names.h"
#include "signer/remote.h"

namespace muster {

Result<signer::Connect> signer_of(const Config&);

}  // namespace muster
