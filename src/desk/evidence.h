// desk/evidence -- what is seen of devices goes to the gates of rollouts: findings, incidents,
// failed attestations, and who is here. It decides nothing. Domain's thread.
#pragma once

#include "desk/domain.h"
#include "watch/watch.h"

namespace muster::desk {

void evidence_of(Domain&, const watch::Finding&);
void follow_evidence(Domain&);  // once, before the first question

}  // namespace muster::desk
