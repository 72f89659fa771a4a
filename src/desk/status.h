// desk/status -- what third parties are told of one certificate: OCSP answers (RFC 6960, in the
// profile of RFC 5019), signed by a responder that the issuing CA has delegated.
//
// The responder's key is made in memory and never leaves it. Its certificate, of 30 days, comes
// from the signer, when the first question does, and anew, with a new key, in the last third of its
// life; who asks while there is none waits for it, unless too many do. The registry has the say: a
// certificate is good, revoked, or unknown. Answers to questions about other issuers are refusals
// without a signature, and so are those to a question in which no certificate is known. While a
// rollover has two CAs there are two responders, each for what its CA has issued.
//
// ask() from any thread; the rest happens on the domain's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "crypto/ocsp.h"
#include "desk/domain.h"
#include "identity/rollover.h"
#include "link/link.h"
#include "signer/issuer.h"

namespace muster::desk {

class Desk;

class Status {
 public:
  Status(Desk& desk, signer::Issuer& issuer, const Clock& clock)
      : desk_(desk), issuer_(issuer), clock_(clock) {}
  void ask(link::GetStatus, link::Answered);

 private:
  // A request with what the registry says of its certificates, in their order.
  struct Looked {
    std::vector<crypto::OcspAnswer> answers;
    bool known = false;  // any of them
  };
  struct Waiting {
    crypto::OcspRequest request;
    Looked looked;
    link::Answered answered;
  };
  struct Voice {  // of one CA
    crypto::Certificate issuer;
    std::unique_ptr<crypto::FileKey> key = {};  // on the heap: the responder refers to it
    std::optional<crypto::OcspResponder> responder = {};
    Instant not_before{}, not_after{};  // of the responder's certificate
    bool asking = false;
    Instant asked_at{};
    std::vector<Waiting> waiting = {};  // for the first certificate
  };
  void follow(const identity::Trusted&);  // the CAs there are
  Looked look(const Domain&, const crypto::OcspRequest&) const;
  void answer(Waiting);
  void reply(const Voice&, Waiting);
  void renew(Voice&);
  void renewed(const Bytes& key_id, crypto::FileKey, Result<Bytes> der);
  bool lasts(const Voice&, Duration more) const;

  Desk& desk_;
  signer::Issuer& issuer_;
  const Clock& clock_;
  std::map<Bytes, Voice> voices_;  // by the CA's subject key identifier
};

}  // namespace muster::desk
