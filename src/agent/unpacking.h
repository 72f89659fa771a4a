// agent/unpacking -- makes the artifact of a download that came coded, a piece at a time, so that
// whoever drives it may do other things in between.
//
// What a patch is against is the artifact in the active slot, read into memory; with the window
// that is all it takes, and no more than it is given. It believes nothing: what it makes is checked
// against the release's digest as every download is. After a power cut it begins anew. One thread.
#pragma once

#include <memory>

#include "agent/disk.h"
#include "agent/updater.h"
#include "delta/delta.h"

namespace muster::agent {

// Of what is in the active slot and may serve as a dictionary for the release under way: its
// SHA-256 as its release tells it, within `memory`. None: there is nothing of the kind.
Result<std::optional<crypto::Hash>> dictionary(const Disk&, const Updater&, std::uint64_t memory);

class Unpacking {
 public:
  static Result<Unpacking> begin(const Disk&, Updater&, std::uint64_t memory);
  Result<bool> step();  // false: it is whole; downloaded() may judge it

 private:
  Unpacking(const Disk& disk, Updater& updater) : disk_(disk), updater_(updater) {}

  const Disk& disk_;
  Updater& updater_;
  std::unique_ptr<Bytes> base_ = std::make_unique<Bytes>();  // the decoder refers to it
  std::optional<delta::Decoder> decoder_;
  std::uint64_t at_ = 0;
};

}  // namespace muster::agent
