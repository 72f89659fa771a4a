// muster/tree -- a folder as one file, a tar (POSIX ustar), always with the same octets for the
// same content: entries in order of their names, owner 0, time 0, modes 0755 or 0644 by the owner's
// right to execute.
//
// Files, folders and symbolic links; anything else is refused, as is a name that ustar cannot hold.
// It is not compressed: what travels is compressed or patched on the way, and a patch needs to see
// what did not change. Blocks; main thread.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace muster {

// `file` is made anew, or left as it was. Invalid: the folder, by what and where.
Result<void> pack_tree(const std::filesystem::path& folder, const std::filesystem::path& file);

}  // namespace muster
