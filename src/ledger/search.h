// search -- entries by what was done, for whoever reads a ledger that is too long to read.
//
// It looks at the newest entries only, so that a question costs the same however long the ledger
// has become; what is older is found by its target, or by reading all. It changes nothing. Domain
// thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"
#include "store/store.h"

namespace muster::ledger {

// Entries whose action is this one, among the newest `among`; newest first.
Result<std::vector<Recorded>> acts(const store::Store&, std::string_view action,
                                   std::uint64_t among, std::size_t limit);

}  // namespace muster::ledger
