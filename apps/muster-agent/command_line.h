// muster-agent/command_line -- what the agent is told at its start. Main thread, before any other.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "agent/provision.h"
#include "agent/readings.h"

namespace muster {

struct CommandLine {
  agent::Provision provision;
  std::string id, model, firmware = "factory", health_command, activate_command, confirm_command,
                         readings = "system", interval = "60s", contact_within = "5m",
                         command_within = "60s", retry_max = "60s", key_store = "file",
                         wipe_command, wipe_technique, wipe_method = "clear", installer = "slots",
                         installer_program, swupdate_selection = "stable", install_within = "30m";
  std::filesystem::path state, token_file, idevid_cert, idevid_key;
  int unpack_memory_mib = 64;
  bool wants_status = false;

  static CommandLine read(int argc, char** argv);  // ends the program when it is not understood
};

Result<agent::AgentSettings> settings_of(const CommandLine&);
Result<std::unique_ptr<agent::KeyStore>> key_store_of(const CommandLine&);  // null: files
Result<agent::CsvTable> table_of(const CommandLine&);  // of --readings FILE.csv; else an empty one
std::unique_ptr<agent::Readings> readings_of(const CommandLine&, const agent::CsvTable&);

}  // namespace muster
