// muster-signer/options -- the command line. Main thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "signer/policy.h"

namespace muster {

struct Options {
  enum class Command { serve, init, verify, list };

  Command command = Command::serve;
  std::filesystem::path folder;
  bool init = false;             // serve: make what is missing first
  std::string issuing_key;       // PKCS#11 URI; empty: a file in the folder
  std::string user;              // to become, when started as root
  std::filesystem::path socket;  // to listen at; empty: `descriptor` is the line
  int descriptor = -1;           // a connected stream socket, or one that listens
  std::optional<std::uint32_t> allowed_user;
  signer::Policy policy;
  std::uint64_t since = 0;

  // Ends the program with the usage text on --help and with 2 on a mistake.
  static Options read(int argc, char** argv);
};

}  // namespace muster
