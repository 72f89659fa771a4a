#include "ledger/ledger.h"

namespace muster::ledger {

wire::Json to_json(const Recorded& recorded) {
  const Entry& entry = recorded.entry;
  return wire::Json::object({{"index", recorded.index},
                             {"at", rfc3339(recorded.at)},
                             {"actor", entry.actor.name},
                             {"role", entry.actor.role},
                             {"action", entry.action},
                             {"target", entry.target},
                             {"detail", entry.detail},
                             {"reason", entry.reason}});
}

}  // namespace muster::ledger
