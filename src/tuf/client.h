// tuf/client -- the client's workflow (spec 1.0.34, clause 5) as a machine that is fed: it says
// which file it wants, and is given its text or told that it is not there.
//
//   open ─▶ root chain ─▶ timestamp ─▶ snapshot ─▶ targets ─▶ ready ─search─▶ delegations ─▶ ready
//
// It fetches nothing, so that a program, a device's coroutine and a test drive the same code. Each
// file is verified before it goes to the shelf, octet for octet as it came; what is on the shelf is
// verified anew by each client, with the keys of the delegator that leads to it now. A failure ends
// the client: what was verified until then stays.
//
// All of an update looks at one instant, `start`. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tuf/metadata.h"
#include "tuf/shelf.h"

namespace muster::tuf {

struct Want {
  std::string path;     // below the metadata URL, escaped: "2.root.json"
  std::size_t max = 0;  // octets; what is longer is refused before all of it is read
};

class Client {
 public:
  // Reads the trusted root from the shelf, "root.json", and refuses one that did not sign itself.
  static Result<Client> open(Shelf&, Instant start, Limits = {});

  const std::optional<Want>& wants() const { return want_; }
  Result<void> take(std::string_view text);  // of what it wants
  Result<void> missing();                    // what it wants is not there: HTTP 404 or 403

  bool ready() const { return phase_ == Phase::ready; }
  const Root& root() const { return root_.content; }
  const Targets& targets() const { return targets_.find("targets")->second.content; }  // when ready
  std::int64_t timestamp_version() const { return timestamp_ ? timestamp_->content.version : 0; }

  // When ready: looks the target up in the top-level role and in those it delegates to, in
  // pre-order (5.6.7). It may want files again; when it is ready again, found() has the answer.
  Result<void> search(std::string target_path);
  const Target* found() const { return found_ ? &*found_ : nullptr; }
  // Where its bytes are, below the targets URL, escaped; by its hash where snapshots are
  // consistent.
  std::string path_of(std::string_view target_path, const Target&) const;

 private:
  enum class Phase { root, timestamp, snapshot, targets, ready, search, failed };
  struct Visit {
    std::string role, by;  // a role, and the one that delegates to it
  };

  Client(Shelf& shelf, Instant start, Limits limits, Signed<Root> root)
      : shelf_(shelf), start_(start), limits_(limits), root_(std::move(root)) {}
  Result<void> fed(std::string_view text);
  Result<void> take_root(std::string_view text);
  Result<void> end_of_roots();
  Result<void> take_timestamp(std::string_view text);
  Result<void> after_timestamp();
  Result<void> take_snapshot(std::string_view text);
  Result<void> after_snapshot();
  Result<void> walk();
  Result<bool> load(const Visit&);  // from memory or the shelf; false: it must be fetched
  Result<void> visited(const std::string& role);
  Result<Signed<Targets>> check_targets(std::string_view text, const Visit&) const;
  Result<FileMeta> meta_of(const std::string& role) const;
  Result<void> check_fresh(const Content&, const char* what) const;
  std::string versioned(const std::string& name, std::int64_t version) const;
  void want_root();
  Result<void> guarded(const std::function<Result<void>()>&);

  Shelf& shelf_;
  Instant start_;
  Limits limits_;
  Phase phase_ = Phase::root;
  std::optional<Want> want_;
  Signed<Root> root_;
  unsigned root_steps_ = 0;
  std::optional<Signed<Timestamp>> timestamp_;
  std::optional<Signed<Snapshot>> snapshot_, snapshot_before_;
  std::map<std::string, Signed<Targets>, std::less<>> targets_;  // by role
  std::vector<Visit> to_visit_;                                  // last first
  std::set<std::string> visited_;
  std::string target_path_;
  std::optional<Target> found_;
};

}  // namespace muster::tuf
