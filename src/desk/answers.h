// desk/answers -- the gateway's questions, answered by calling the domain; all but those that need
// the signer, which are Issuing's. Domain thread.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "desk/domain.h"
#include "link/link.h"

namespace muster::desk {

class Answers {
 public:
  Answers(Domain&, const Clock&);
  Result<std::string> update_for(const DeviceId&);  // payload for the updates topic
  static std::string desired_of(const inventory::Device&);

  Result<link::Reply> answer(const link::Hello&);
  Result<link::Reply> answer(const link::FindProfile&);
  Result<link::Reply> answer(const link::GetUpdate&);
  Result<link::Reply> answer(const link::GetDesired&);
  Result<link::Reply> answer(const link::Fetch&);
  Result<link::Reply> answer(const link::Report&);
  Result<link::Reply> answer(const link::State&);
  Result<link::Reply> answer(const link::Presence&);
  Result<link::Reply> answer(const link::Misuse&);
  Result<link::Reply> answer(const link::TakenOver&);
  Result<link::Reply> answer(const link::AuthoritiesFetched&);

 private:
  // One ledger entry per offender and action a minute, so that an attacker cannot fill the disk;
  // the rest is counted. A peer without a name is its address, whatever port it comes from.
  struct Tally {
    Instant recorded;
    std::uint64_t since = 0;
  };
  Domain& domain_;
  const Clock& clock_;
  std::map<std::string, Tally> misuse_;  // at most 10,000 offenders
};

}  // namespace muster::desk
