// release/repository -- the TUF repository that the controller serves: what release engineers
// signed offline (root, targets), and what it adds with its online key (snapshot, timestamp).
//
// What is published is taken whole or not at all: the client's own workflow (tuf/client.h), from
// what is served now to what would be served then, must come to its end. So no mistake of a
// publisher and no stolen token can serve devices what they would refuse, or lead them back. The
// online key vouches for how recent things are, never for what may run: a target needs the offline
// keys, and must be a release that is in the ledger.
//
// Domain thread only. Time comes from the Clock. Format: docs/formats/tuf.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/key.h"
#include "ledger/ledger.h"
#include "store/store.h"
#include "tuf/metadata.h"

namespace muster::release {

struct RepositoryStatus {
  std::int64_t root = 0, targets = 0, snapshot = 0, timestamp = 0;  // versions; 0: none yet
  Instant root_expires, targets_expires, timestamp_expires;
  std::size_t releases = 0;   // targets
  std::string online_key_id;  // whom a root must give snapshot and timestamp to
  std::string online_key_pem;
};

class Repository {
 public:
  static constexpr Duration timestamp_life = 24h;  // so long may a mirror hold devices back unseen
  static constexpr Duration snapshot_life = 7 * 24h;

  // Refuses a target that is no release; a Result says why.
  using TargetRule = std::function<Result<void>(const std::string& path, const tuf::Target&)>;

  static Result<Repository> open(store::Store&, ledger::Ledger&, const crypto::SigningKey& online,
                                 const Clock&);

  // The next root, the next targets, or both; the first time both. The same again changes nothing.
  Result<void> publish(std::optional<std::string> root, std::optional<std::string> targets,
                       const TargetRule&, ledger::Actor);

  // Signs timestamp and snapshot anew when half their life is over; true when it did.
  Result<bool> renew();

  bool empty() const { return roots_.empty(); }
  RepositoryStatus status() const;
  // "timestamp.json", "2.root.json", "5.snapshot.json", "3.targets.json"; missing.
  Result<std::string> metadata(std::string_view name) const;
  // By path, of what is served now; null: it is none.
  const tuf::Target* target(std::string_view path) const;

 private:
  struct File {
    std::int64_t version = 0;
    std::string text;
  };
  struct Next;  // what would be served
  Repository(store::Store& store, ledger::Ledger& ledger, const crypto::SigningKey& online,
             const Clock& clock)
      : store_(store), ledger_(ledger), online_(online), clock_(clock) {}
  Result<void> load();
  Result<void> sign(Next&, bool snapshot_too) const;
  Result<void> rehearse(const Next&, bool from_nothing) const;
  Result<void> check_online_key(const std::string& root) const;
  void write(store::Writer&, const char* role, const File&);
  Result<void> take(Next);

  store::Store& store_;
  ledger::Ledger& ledger_;
  const crypto::SigningKey& online_;
  const Clock& clock_;
  std::map<std::int64_t, std::string> roots_;
  File targets_, snapshot_, timestamp_;
  std::map<std::string, std::map<std::int64_t, std::string>> kept_;  // by role: of late
  std::map<std::string, tuf::Target, std::less<>> listed_;
  Instant root_expires_, targets_expires_, snapshot_expires_, timestamp_expires_;
};

}  // namespace muster::release
