// signer/keeper -- keeps the issuing key: checks an order against the policy, signs, writes the
// log, and only then answers.
//
// An order that was answered before is answered with the very same certificate, also after a
// restart and whatever the policy or the rate say now; its serial with another order is refused. A
// batch costs one write to the disk. Nothing here sees the private key: it signs through
// crypto::SigningKey. One thread; time comes from the Clock.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/token_bucket.h"
#include "crypto/key.h"
#include "signer/authority.h"
#include "signer/issuance_log.h"
#include "signer/policy.h"

namespace muster::signer {

// An order, and SHA-256 of its octets, which stands for it in the log.
struct Asked {
  Order order;
  crypto::Hash digest{};
};

class Keeper {
 public:
  // chain: the issuing certificate first, the root last. Refused: a key that is not the issuing
  // certificate's. The key must outlive the keeper.
  static Result<Keeper> open(std::vector<crypto::Certificate> chain, const crypto::SigningKey&,
                             const std::filesystem::path& log, Policy, const Clock&, Random&);
  static Result<Keeper> open(Authority, const std::filesystem::path& log, Policy, const Clock&,
                             Random&);

  // One answer to each order, in their order: the certificate's DER. exhausted, and how long to
  // wait, when a template's rate is used up.
  std::vector<Result<Bytes>> issue(std::span<const Asked>);
  Result<Bytes> issue(Order);  // that came as no octets

  // A list's number may not go back within its shard; the same number again is a list made anew,
  // since who ordered the first may have been stopped before anybody saw it.
  Result<Bytes> make_list(const CrlOrder&);

  Result<std::vector<Issuance>> since(std::uint64_t index, std::size_t limit) const {
    return log_.since(index, limit);
  }
  std::vector<crypto::Certificate> chain() const {  // that issues now
    return {authority_.state().current.issuing, authority_.state().current.root};
  }

  // A step of a rollover. exhausted: the last one began less than the policy's pause ago; that
  // holds over restarts. The CA certificates it makes are in the log before anybody is told.
  Result<Authorities> roll_over(const RolloverOrder&);
  Authorities authorities() const;
  const LogHead& head() const { return log_.head(); }
  bool broken() const { return log_.broken(); }  // its log: it will not sign again

 private:
  using Lists = std::map<std::string, std::uint64_t>;  // the last number, by shard
  struct Beginning {                                   // of the last rollover, as the log has it
    Instant at;
    crypto::Hash order{};
  };
  struct Past {
    Lists lists;
    std::optional<Beginning> rollover;
  };
  Keeper(Authority, IssuanceLog, Policy, const Clock&, Random&, Past);
  Result<Authority::Issuer> issuer_of(const Order&) const;
  Result<void> begin_rollover(const RolloverOrder&);
  // What was signed before, or a place in the batch that is to be logged.
  using Outcome = std::variant<Bytes, std::size_t>;
  struct Batch;
  Result<Outcome> decide(const Asked&, Batch&);
  Result<std::optional<Bytes>> answered(const Order&, const crypto::Hash&) const;
  Result<Issuance> sign(const Order&, const crypto::Hash&);
  Result<void> take(Template, Instant now);

  Authority authority_;
  IssuanceLog log_;
  Policy policy_;
  const Clock& clock_;
  Random& random_;
  std::array<TokenBucket, 5> buckets_;  // by template
  Past past_;
};

}  // namespace muster::signer
