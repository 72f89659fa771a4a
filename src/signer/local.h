// signer/local -- an Issuer over a Keeper in the same process: for tests, simulations and
// benches: whoever takes such a controller takes the key.
//
// Answers inside the call that asks, each order with a write to the disk of its own. One thread.
#pragma once

#include "signer/issuer.h"
#include "signer/keeper.h"

namespace muster::signer {

class LocalIssuer final : public Issuer {
 public:
  explicit LocalIssuer(Keeper& keeper) : keeper_(keeper) {}

  void issue(const Order&, Answer<Bytes>) override;
  void make_list(const CrlOrder&, Answer<Bytes>) override;
  void since(std::uint64_t index, std::uint32_t limit, Answer<std::vector<Issuance>>) override;
  void chain(Answer<std::vector<crypto::Certificate>>) override;
  void roll_over(RolloverOrder, Answer<Authorities>) override;
  void authorities(Answer<Authorities>) override;

 private:
  Keeper& keeper_;
};

}  // namespace muster::signer
