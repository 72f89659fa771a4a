// musterd/identity_settings -- what identity is told at start: lives, and the makers of TPMs that
// are trusted, from a file.
#pragma once

#include "identity/attestation.h"
#include "musterd/config.h"

namespace muster {

identity::Settings identity_settings(const Config&);
Result<void> trust_vendors(const Config&, identity::Attestation&);  // nothing without --tpm-vendors

}  // namespace muster
