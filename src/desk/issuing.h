// desk/issuing -- the way of a certificate, and of a revocation list: from the domain, which
// decides, to the signer, which signs, and back to the domain, which files it. The domain's thread
// never waits for the signer.
//
// Also compares the signer's log with what was filed, so that nothing that was signed is unknown
// here. Any thread, but for reconcile(): the domain's.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "desk/domain.h"
#include "link/link.h"
#include "signer/issuer.h"

namespace muster::desk {

class Desk;

class Issuing {
 public:
  Issuing(Desk& desk, signer::Issuer& issuer) : desk_(desk), issuer_(issuer) {}
  void enrol(link::Enrol, link::Answered);
  void renew(link::Renew, link::Answered);
  void attest(link::AttestEnrol, link::Answered);
  void crl(link::GetCrl, link::Answered);
  void reconcile(const identity::Identity&);  // asks; what comes back is looked at in a later turn

 private:
  void take(Result<identity::Enrolment>, link::Answered);
  void list_made(const link::GetCrl&, const Result<Bytes>&);  // domain's thread

  Desk& desk_;
  signer::Issuer& issuer_;
  // Who waits for a list that is being signed; domain's thread.
  std::map<link::GetCrl, std::vector<link::Answered>> waiting_;
};

}  // namespace muster::desk
