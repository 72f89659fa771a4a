// desk/retiring -- what devices ask and bring on their way out. Domain thread.
#pragma once

#include "desk/domain.h"
#include "link/link.h"

namespace muster::desk {

Result<link::Reply> answer(Domain&, const link::GetWipeOrder&);
Result<link::Reply> answer(Domain&, link::Sanitised&);  // takes what is in it
Result<link::Reply> answer(Domain&, const link::OrderRefused&);

}  // namespace muster::desk
