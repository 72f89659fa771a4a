// musterd/renewal -- keeps the doors' own certificate, and what they staple to it, current without
// a restart.
//
// A thread of its own looks once a second. It asks the domain whom to trust: when the CA rolls over
// it rewrites ca.pem and hands the doors their anchors, their chain and what EST gives. When
// desk/server_certificate says so it asks the signer for a new certificate, writes server.pem and
// hands it to the doors, whose live connections stay. It asks the domain for the certificate's OCSP
// answer and hands it to the doors, once an hour and after each renewal. What fails is tried again
// half a minute later.
#pragma once

#include <memory>

#include "api/api.h"
#include "desk/desk.h"
#include "desk/server_certificate.h"
#include "gateway/gateway.h"
#include "musterd/folder.h"

namespace muster {

class Renewal {
 public:
  Renewal(const Folder&, desk::ServerTerms, signer::Issuer&, desk::Desk&, gateway::Gateway&,
          api::Api&, const Clock&);
  ~Renewal();  // waits for the signer's answer, if it is asked just now

 private:
  struct Round;
  std::unique_ptr<Round> round_;
};

}  // namespace muster
