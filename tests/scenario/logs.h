// scenario/logs -- the two records of what was issued: the signer's, and the ledger. Values only.
#pragma once

#include <string>
#include <vector>

#include "desk/test_whole_domain.h"

namespace muster::scenario {

// Serials of certificates for devices, in order; the ledger's are issued or withdrawn.
std::vector<std::string> signed_serials(const desk::testing::WholeDomain&);
std::vector<std::string> recorded_serials(const desk::testing::WholeDomain&);

}  // namespace muster::scenario
