// identity/profiles -- on what terms a device enrols: the profile that the label in the path names.
// At most 64, and the default one, which is there even when nobody has put it. Who may use one is
// the registry's question. Domain thread; it reads no clock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "identity/internal/makers.h"

namespace muster::identity {

class Profiles {
 public:
  Profiles(const store::Store& s, ledger::Ledger& l, const Makers& m, const Settings& x)
      : store_(s), ledger_(l), makers_(m), settings_(x) {}
  Result<void> load();
  Result<void> put(EnrolmentProfile, ledger::Actor);
  Result<void> remove(const std::string& name, ledger::Actor);

  Result<EnrolmentProfile> find(const std::string& name) const;  // empty: default
  std::vector<EnrolmentProfile> all() const;

 private:
  EnrolmentProfile default_one() const;

  const store::Store& store_;
  ledger::Ledger& ledger_;
  const Makers& makers_;
  const Settings& settings_;
  std::map<std::string, EnrolmentProfile> put_;
};

}  // namespace muster::identity
