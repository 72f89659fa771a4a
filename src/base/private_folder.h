// base/private_folder -- a folder that concerns nobody else. Blocks; any thread.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace muster {

// Makes it, and those above it, if need be; it is 0700 afterwards, also if it was there before.
Result<void> make_private_folder(const std::filesystem::path&);

}  // namespace muster
