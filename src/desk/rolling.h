// desk/rolling -- a CA rollover's way from the domain, which decides, to the signer, which does it,
// and back; and the devices that are to be told of it.
//
// An order is given until it has an answer: after a restart of either side too. Domain's thread.
#pragma once

#include <vector>

#include "desk/domain.h"
#include "link/link.h"
#include "signer/issuer.h"

namespace muster::desk {

class Desk;

class Rolling {
 public:
  Rolling(Desk& desk, signer::Issuer& issuer) : desk_(desk), issuer_(issuer) {}
  void step(const Domain&);  // gives the order there is, unless one is on its way

 private:
  Desk& desk_;
  signer::Issuer& issuer_;
  bool asking_ = false;
};

// Devices that are to fetch the CA's certificates, or to renew theirs, now.
std::vector<link::Push> rollover_due(Domain&);

}  // namespace muster::desk
