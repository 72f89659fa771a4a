// muster-swarm/commands -- what a running swarm is told, one line each:
//
//   misbehave ID|all KIND [until VERSION]     flood, out-of-range or foreign-topic
//   silent ID|all                             stays connected and says nothing
//   fail-update VERSION SHARE                 of all devices, 0 to 1, chosen by the seed
//   fail-update VERSION ID[,ID...]
//   heal ID|all                               no faults any more
//
// Main thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/faults.h"
#include "base/result.h"

namespace muster {

class Fleet;

struct Misbehave {
  agent::Misbehaviour kind;
  std::string cured_by;
};
struct Silence {};
struct Heal {};
struct FailUpdate {
  std::string version;
  std::optional<double> share;  // instead of the command's devices
};

struct Command {
  std::vector<std::string> devices;  // empty: all
  std::variant<Misbehave, Silence, FailUpdate, Heal> what;
};

Result<Command> parse_command(std::string_view line);

// Does it, or says on stderr why not.
void obey(Fleet&, const std::string& line);

}  // namespace muster
