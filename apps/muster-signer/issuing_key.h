// muster-signer/issuing_key -- where the issuing key is: a file in the folder, or a token behind a
// process of its own. Blocks; main thread, before any other.
#pragma once

#include <memory>

#include "crypto/key.h"
#include "muster-signer/options.h"
#include "pkcs11/apart.h"

namespace muster {

// The key in the token; null: it is a file. Before other threads start. `make`: it is made when
// there is none and no issuing certificate either. Refused: a token while the file is there as
// well.
Result<std::unique_ptr<pkcs11::ApartKey>> token_of(const Options&, bool make);

}  // namespace muster
