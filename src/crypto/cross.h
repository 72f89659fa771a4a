// crypto/cross -- what leads from one fleet root to the next: a cross-certificate says, under one
// root's signature, that a name and key are another root's (RFC 4210 4.4: NewWithOld, OldWithNew).
//
// It judges CA certificates only; chains that end in a device or server are verify_chain's. Times
// are the caller's. Pure; any thread.
#pragma once

#include <span>

#include "crypto/certificate.h"

namespace muster::crypto {

// Its own issuer, by name: what can be an anchor without another above it.
bool is_root(const Certificate&);

// `root` is a root that signed itself and is valid at `now`. unauthorized, with the reason.
Result<void> verify_root(const Certificate& root, Instant now);

// One of `anchors` certifies, by `cross`, the name and key of `root`; all of them are valid at
// `now`. unauthorized, with the reason.
Result<void> verify_cross(const Certificate& cross, const Certificate& root,
                          std::span<const Certificate> anchors, Instant now);

// `certificate` is a CA's, signed by `issuer`; both are valid at `now`.
Result<void> verify_authority(const Certificate& certificate, const Certificate& issuer,
                              Instant now);

}  // namespace muster::crypto
