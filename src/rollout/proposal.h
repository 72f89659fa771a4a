// rollout/proposal -- a plan that waits for a second person.
//
// Plain values; any thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "rollout/plan.h"

namespace muster::rollout {

// Stored as numbers: add at the end only.
enum class Standing : std::uint8_t { waiting, approved, withdrawn };
const char* name_of(Standing);

struct Proposal {
  Id<struct ProposalTag> id;
  Plan plan;
  std::string digest;  // of the plan; an approval names it
  std::string author;  // of the plan as it is now; may not approve it
  Instant at;          // when it was proposed, or last changed
  Standing standing = Standing::waiting;
  std::string approver = {};              // once approved
  std::optional<RolloutId> rollout = {};  // likewise
};
using ProposalId = Id<struct ProposalTag>;

}  // namespace muster::rollout
