// desk/status -- what third parties are told of one certificate: OCSP answers (RFC 6960, in the
// profile of RFC 5019), signed by a responder that the issuing CA has delegated.
//
// The responder's key is made in memory and never leaves it. Its certificate, of 30 days, comes
// from the signer, when the first question does, and anew, with a new key, in the last third of its
// life; who asks while there is none waits for it, unless too many do. The registry has the say: a
// certificate is good, revoked, or unknown. Answers to questions about other issuers are refusals
// without a signature, and so are those to a question in which no certificate is known.
//
// ask() from any thread; the rest happens on the domain's.
#pragma once

#include <optional>
#include <vector>

#include "crypto/ocsp.h"
#include "desk/domain.h"
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
  Looked look(const Domain&, const crypto::OcspRequest&) const;
  void answer(Waiting);
  void reply(Waiting);
  void renew();
  void renewed(crypto::FileKey, Result<Bytes> der);
  bool lasts(Duration more) const;

  Desk& desk_;
  signer::Issuer& issuer_;
  const Clock& clock_;
  std::vector<crypto::Certificate> chain_;
  std::unique_ptr<crypto::FileKey> key_;  // on the heap: the responder refers to it
  std::optional<crypto::OcspResponder> responder_;
  Instant not_before_{}, not_after_{};  // of the responder's certificate
  bool asking_ = false;
  Instant asked_at_{};
  std::vector<Waiting> waiting_;  // for the first certificate
};

}  // namespace muster::desk
