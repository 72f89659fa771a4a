// tpm/internal/templates -- what the keys that we make are to be. Pure.
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "base/bytes.h"

namespace muster::tpm {

TPM2B_PUBLIC attestation_template();              // restricted, ECDSA P-256 with SHA-256
TPM2B_PUBLIC key_template(ByteView distinction);  // P-256; 64 octets of chance make it a new key
TPM2B_PUBLIC rsa_endorsement_template();          // L-1 of the EK profile (B.3.3)

}  // namespace muster::tpm
