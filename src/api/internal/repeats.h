// api/repeats -- answers kept for an Idempotency-Key, so that a request that is sent again after a
// lost answer has its effect once. Kept for a day in the store, in the transaction of the effect
// itself. Domain thread.
#pragma once

#include <optional>
#include <string>

#include "api/internal/route.h"
#include "base/clock.h"
#include "ledger/ledger.h"
#include "store/store.h"

namespace muster::api {

class Repeats {
 public:
  static Result<Repeats> open(store::Store&, ledger::Ledger&, const Clock&);

  // The answer given before to this key; conflict when the key was used for something else, or when
  // the answer held a secret, which is not kept.
  Result<std::optional<Reply>> find(const Context&, const std::string& key) const;
  void keep(const Context&, const std::string& key, const Route&, const Reply&);

 private:
  Repeats(store::Store& store, ledger::Ledger& ledger, const Clock& clock)
      : store_(store), ledger_(ledger), clock_(clock) {}
  store::Store& store_;
  ledger::Ledger& ledger_;
  const Clock& clock_;
};

}  // namespace muster::api
