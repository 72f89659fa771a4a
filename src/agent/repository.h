// agent/repository -- what a device that holds a TUF root asks of an offer beside its two
// signatures: that the image repository, signed offline, vouches for the release, and that the
// release is in the controller's ledger.
//
// The assignment is the director's word, the repository the release engineers': both must agree on
// model, version, sequence, floor, length and hash
// (docs/adr/0011-image-repository-and-director.md). Nothing here fetches: the agent feeds
// tuf::Client from the device port. Pure, but for the shelf, which is the device's disk; one
// thread.
#pragma once

#include <string>
#include <string_view>

#include "agent/disk.h"
#include "base/result.h"
#include "tuf/client.h"
#include "wire/update.h"

namespace muster::agent {

// Trusted metadata below tuf/ on the device's disk.
class DiskShelf final : public tuf::Shelf {
 public:
  explicit DiskShelf(Disk& disk) : disk_(disk) {}
  Result<std::optional<std::string>> read(const std::string& name, std::size_t max) const override;
  Result<void> write(const std::string& name, std::string_view text) override;
  Result<void> remove(const std::string& name) override;

 private:
  Disk& disk_;
};

// A client that goes on from what the shelf holds; from the root the device was provisioned with
// when it holds none, or one that does not verify.
Result<tuf::Client> follow(tuf::Shelf&, const std::string& provisioned_root, Instant now);

// The path of a release's target: "<model>/<version>".
std::string target_path(const wire::ReleaseMetadata&);

// Forbidden unless the target is this very release.
Result<void> check_agreed(const tuf::Target*, const wire::ReleaseMetadata&);

// Forbidden unless the offer's proof shows, under a checkpoint of this key, an entry that published
// the release of this id.
Result<void> check_logged(const std::string& ledger_key, const std::string& release_id,
                          std::string_view logged);

}  // namespace muster::agent
