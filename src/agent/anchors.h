// agent/anchors -- the roots that a device trusts, kept over restarts, and how it comes by the next
// one.
//
// It begins with those it was given at provisioning, and again when it is given others. After that
// it follows EST cacerts (RFC 7030 4.1.3): it takes on a root only when one that it trusts
// certifies it, and lets go of one that is not given any more; but never of the last. What it holds
// is on the disk before it counts. One thread. Time is the caller's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/disk.h"
#include "crypto/certificate.h"

namespace muster::agent {

class Anchors {
 public:
  static Result<Anchors> open(Disk&, std::span<const crypto::Certificate> provisioned);

  const std::vector<crypto::Certificate>& all() const { return all_; }
  std::string pem() const;
  std::vector<std::string> fingerprints() const;  // SHA-256, hex

  // The CA certificates that the controller gave; true when something has changed.
  Result<bool> learn(std::span<const crypto::Certificate> given, Instant now);

 private:
  Anchors(Disk& disk, std::string origin, std::vector<crypto::Certificate> all)
      : disk_(disk), origin_(std::move(origin)), all_(std::move(all)) {}
  Disk& disk_;
  std::string origin_;  // digest of what it was provisioned with, hex
  std::vector<crypto::Certificate> all_;
};

}  // namespace muster::agent
