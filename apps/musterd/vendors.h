// musterd/vendors -- the makers of TPMs that are trusted, from a file. At start.
#pragma once

#include "identity/attestation.h"
#include "musterd/config.h"

namespace muster {

Result<void> trust_vendors(const Config&, identity::Attestation&);  // nothing without --tpm-vendors

}  // namespace muster
