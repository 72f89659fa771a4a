// desk/answers -- the gateway's questions, answered by calling the domain; all but those that need
// the signer, which are Issuing's, and those of desk/attesting, desk/retiring and desk/status.
// Domain thread.
#pragma once

#include <string>

#include "desk/domain.h"
#include "link/link.h"

namespace muster::desk {

class Answers {
 public:
  explicit Answers(Domain&);
  Result<std::string> update_for(const DeviceId&);  // payload for the updates topic
  static std::string desired_of(const inventory::Device&);

  Result<link::Reply> answer(const link::Hello&);
  Result<link::Reply> answer(const link::FindProfile&);
  Result<link::Reply> answer(const link::GetUpdate&);
  Result<link::Reply> answer(const link::GetDesired&);
  Result<link::Reply> answer(const link::Fetch&);
  Result<link::Reply> answer(const link::GetRepositoryFile&);
  Result<link::Reply> answer(const link::Report&);
  Result<link::Reply> answer(const link::State&);
  Result<link::Reply> answer(const link::Presence&);
  Result<link::Reply> answer(const link::Misuse&);
  Result<link::Reply> answer(const link::TakenOver&);
  Result<link::Reply> answer(const link::AuthoritiesFetched&);

 private:
  Domain& domain_;
};

}  // namespace muster::desk
