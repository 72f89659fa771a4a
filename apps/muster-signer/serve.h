// muster-signer/serve -- gives up what a signer does not need, and then signs. Blocks; main thread.
#pragma once

#include "muster-signer/options.h"

namespace muster {

// Until SIGTERM or SIGINT, or until the line it was given is closed.
Result<void> serve(const Options&);

}  // namespace muster
