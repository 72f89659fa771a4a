// identity/makers -- whose birth certificates count: makers' CAs, each trusted under a name and for
// models. At most 64. What a birth certificate proves is not decided here. Domain thread; it reads
// no clock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "identity/identity.h"

namespace muster::identity {

class Makers {
 public:
  Makers(const store::Store& s, ledger::Ledger& l) : store_(s), ledger_(l) {}
  Result<void> load();
  Result<void> trust(Maker, ledger::Actor);
  Result<void> distrust(const std::string& name, ledger::Actor);

  const Maker* find(const std::string& name) const;  // null: none of this name
  const std::map<std::string, Maker>& all() const { return all_; }

 private:
  const store::Store& store_;
  ledger::Ledger& ledger_;
  std::map<std::string, Maker> all_;
};

// That a device is of: the one that was told, or the only one that this maker makes.
Result<ModelId> model_of(const Maker&, const ModelId& told);

}  // namespace muster::identity
