// signer/serve -- the signer's side of the line: answers the frames that come on its connections.
//
// Whatever orders are there when it looks become one batch, with one write to the disk. A caller
// whose user is not the allowed one is hung up on (SO_PEERCRED), and so is one that does not speak
// the protocol. It makes no socket, opens no file and starts no thread, so that it runs inside the
// sandbox (signer/sandbox.h). One thread: the one that calls.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "signer/keeper.h"

namespace muster::signer {

struct Doors {
  Descriptor listener;                // a listening stream socket, or none
  std::vector<Descriptor> connected;  // connected ones
  int stop = -1;                      // readable: time to go. The caller's
};

struct ServeSettings {
  std::optional<std::uint32_t> allowed_user;  // none: any. By number
  std::size_t batch_max = 256;
  std::size_t connections_max = 8;
};

// Until `stop` is readable, or the last connection is gone and nobody can make another.
// unavailable: the log is broken; start again.
Result<void> serve(Keeper&, Doors, const ServeSettings&);

}  // namespace muster::signer
