// signer/connect -- ways for the controller to reach a signer: a socket that a service listens on,
// or a process of its own.
//
// Any thread; nothing here waits but for the child's beginning.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace muster::signer {

Result<Descriptor> connect_to(const std::filesystem::path& socket);

// The signer's side: a listening socket at `path`, in place of one that nobody listens on. Anybody
// on the machine may connect; who may order is for serve() to say.
Result<Descriptor> listen_at(const std::filesystem::path& socket);

// Starts `program` with its arguments and then "--fd 3", descriptor 3 being the other end of what
// this returns. It is nobody's child: it ends when that end is closed, and needs no wait().
Result<Descriptor> start(const std::filesystem::path& program, std::vector<std::string> arguments);

}  // namespace muster::signer
