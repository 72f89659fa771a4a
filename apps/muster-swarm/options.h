// muster-swarm/options -- what the swarm is told at its start. Main thread, before any other.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/provision.h"
#include "agent/readings.h"
#include "base/clock.h"
#include "base/result.h"

namespace muster {

struct Recruit {  // with a token, or with what its maker gave it
  DeviceId id;
  std::string token = {}, birth_chain_pem = {}, birth_key_pem = {};
};

struct Options {
  agent::Provision provision;
  std::filesystem::path tokens, births, readings, state, control;  // empty: none; state: in memory
  agent::Pace pace;
  std::string firmware = "1.0.0", model;
  std::size_t limit = 0;  // devices; 0: all
  unsigned threads = 1;
  std::uint64_t seed = 1;
  double starts_a_second = 200;
  std::vector<std::string> commands;  // obeyed at the start

  static Options read(int argc, char** argv);  // ends the program when it is not understood
};

Result<std::vector<Recruit>> read_recruits(const Options&);  // of --tokens and --births
Result<agent::CsvTable> table_of(const Options&);            // of --readings; else an empty one

// A connection for each device, and one more while it updates. Raises the soft limit to the hard
// one; exhausted when that is not enough.
Result<void> allow_descriptors(std::size_t devices);

}  // namespace muster
