// muster-agent/status -- what a state folder holds, as JSON on stdout. Blocks; any thread.
#pragma once

#include <filesystem>

namespace muster {

int show_status(const std::filesystem::path& state);  // the program's exit code

}  // namespace muster
