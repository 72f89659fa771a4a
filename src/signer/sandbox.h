// signer/sandbox -- what the process that holds the issuing key gives up before it listens.
//
// In this order: close what it does not need, leave the network and become its own user (both only
// when started as root), confine. What is given up does not come back: after confine() any system
// call outside a short list kills the process at once, so files, sockets and libraries are opened
// before. Linux only. Before other threads start; reads no clock.
#pragma once

#include <span>
#include <string>

#include "base/result.h"

namespace muster::signer {

// A sanitizer's runtime makes calls of its own, some from threads of its own: such a build may
// confine a process for a test, and does not survive long in it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool instrumented = true;
#else
inline constexpr bool instrumented = false;
#endif
#else
inline constexpr bool instrumented = false;
#endif

// Standard input, output and error stay as well.
Result<void> close_all_but(std::span<const int> kept);

// A network namespace of its own, without an interface. False when this process may not make one:
// confine() takes away the calls all the same.
bool leave_network();

// For a process that is root; its groups go too.
Result<void> become(const std::string& user);

// No new privileges, no core dumps, not to be traced by its own user, and the filter.
Result<void> confine();

// The second profile, for the process that holds a token (pkcs11/apart.h). Its module opens, locks
// and reads files while it signs, may load more of itself, and may talk to a daemon of this machine
// (pcscd) over a local socket. So this one lists what is taken away, and refuses it (EPERM) rather
// than killing: the network, other programs, new processes, other processes, and the kernel's own
// matters.
Result<void> confine_with_token();

}  // namespace muster::signer
