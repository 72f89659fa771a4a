// muster-swarm/fleet -- devices on loop threads: each device belongs to one thread for life, and
// shares nothing with the others but the controller's address and a table of readings.
//
// Called from the main thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "muster-swarm/commands.h"
#include "muster-swarm/options.h"

namespace muster {

struct Totals {
  std::size_t devices = 0, enrolled = 0, connected = 0, restricted = 0, updating = 0;
  std::uint64_t published = 0, acknowledged = 0, refused = 0, dropped = 0, connects = 0;
  std::map<std::string, std::size_t> firmware;
};
std::string to_text(const Totals&);  // one JSON object

class Fleet {
 public:
  Fleet(const agent::Controller&, const Options&, const agent::CsvTable&,
        const std::vector<Recruit>&);
  ~Fleet();
  void tell(const Command&);
  Totals totals();
  void stop();  // five seconds at most

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace muster
