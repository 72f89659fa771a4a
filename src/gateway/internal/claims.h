// gateway/claims -- what a CSR asks for beside its key and common name, moved out of it for the
// controller to judge. Any thread.
#pragma once

#include "crypto/csr.h"
#include "link/link.h"

namespace muster::gateway {

link::Claims claims_of(crypto::Csr&);  // takes the names

}  // namespace muster::gateway
