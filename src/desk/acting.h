// desk/acting -- the questions of devices with an update client that we did not write, answered by
// calling the domain; and the digests that their protocols want, made on a thread of their own.
//
// Answers: domain thread.
#pragma once

#include "desk/domain.h"
#include "link/link.h"

namespace muster::desk {

Result<link::Reply> answer(Domain&, const link::GetAction&);
Result<link::Reply> answer(Domain&, const link::ActionWord&);
Result<link::Reply> answer(Domain&, const link::ActionLog&);
Result<link::Reply> answer(Domain&, const link::TellAttributes&);
Result<link::Reply> answer(Domain&, const link::AskConsent&);
Result<link::Reply> answer(Domain&, const link::BeginSession&);

}  // namespace muster::desk
