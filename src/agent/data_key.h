// agent/data_key -- the key that a device's data at rest is encrypted by, and the one act that
// makes all of it unreadable.
//
// 32 octets of the system's chance, made once, in a file of their own that only the agent reads.
// What is kept under it (readings nobody has acknowledged) is sealed (crypto/sealed) with its
// file's name. It knows nothing of what it keeps. A file is as good a place as the disk it is on:
// on flash, an old copy of it may outlive its end, so ending it is no purge (NIST SP 800-88 Rev.
// 2).
//
// One thread; calls block as the Disk's do.
#pragma once

#include <optional>
#include <string>

#include "agent/disk.h"
#include "base/result.h"
#include "crypto/sealed.h"

namespace muster::agent {

class DataKey {
 public:
  static constexpr const char* file = "data.key";

  static Result<DataKey> open(Disk&);  // makes it when there is none
  static Result<void> destroy(Disk&);  // for good; harmless when it is gone
  std::string id() const;              // SHA-256 of it, hex
  Result<void> keep(const std::string& name, ByteView plain) const;
  Result<std::optional<Bytes>> kept(const std::string& name) const;  // corrupt: not by this key

 private:
  DataKey(Disk& disk, crypto::SealingKey key) : disk_(disk), key_(std::move(key)) {}
  Disk& disk_;
  crypto::SealingKey key_;
};

}  // namespace muster::agent
