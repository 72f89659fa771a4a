// agent/provision -- what a device is given before it starts, read from files: where the controller
// is, the fleet root, and the keys it believes.
//
// Reads, never writes. For programs, at their start. Blocks; any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "base/result.h"

namespace muster::agent {

struct Provision {
  std::string server = "localhost";
  std::filesystem::path ports_file;  // ports.json of the controller; empty: the ports below
  std::uint16_t mqtt_port = 8883, device_port = 8884, enrol_port = 8885;
  std::filesystem::path ca_file;
  std::vector<std::filesystem::path> release_key_files;
  std::vector<std::filesystem::path> assignment_key_files;  // none: the release keys
  std::filesystem::path tuf_root_file, ledger_key_file;     // empty: not asked for
};

Result<Controller> read_controller(const Provision&);
Result<std::string> read_file(const std::filesystem::path&, const char* option,
                              std::size_t bytes_max = 1 << 20);
std::string without_line_end(std::string);

}  // namespace muster::agent
