// muster/publishing -- what `muster release` shares between its two halves: with the controller,
// and with the folder of the TUF repository. Main thread.
#pragma once

#include <string>
#include <vector>

#include "muster/commands.h"

namespace muster {

void repository_verbs(CLI::App& release, Chosen&);  // release init, key, sign, rotate

// Adds a published release to the folder's targets, as their next version, and signs that.
Result<void> list_release(const std::string& folder, const wire::Json& release,
                          const std::vector<std::string>& keys, int days);
// Gives the controller what it does not have yet. All of it must be signed.
Result<void> upload_metadata(Remote&, const std::string& folder);

}  // namespace muster
