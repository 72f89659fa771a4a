// desk/attesting -- between what TPMs say and what is done about it: the devices' questions about
// evidence, and the finding that a failed boot is. Domain thread.
#pragma once

#include "desk/domain.h"
#include "identity/attestation.h"
#include "link/link.h"

namespace muster::desk {

identity::BootEvidence evidence_of(link::BootEvidence);

Result<link::Reply> answer(Domain&, const link::AttestChallenge&);
Result<link::Reply> answer(Domain&, const link::GetEvidenceAsk&);
Result<link::Reply> answer(Domain&, const link::ShowBoot&);

// Devices that are to be asked for evidence now.
std::vector<link::Push> evidence_due(Domain&);

// From now on a verdict that fails is a finding: high, which isolates, where the policy says so.
void follow_verdicts(Domain&);
// From now on attestation knows which release each device runs, and which one it was offered.
void follow_releases(Domain&);

}  // namespace muster::desk
