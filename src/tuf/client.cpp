#include "tuf/client.h"

#include <algorithm>

namespace muster::tuf {
namespace {

constexpr const char* root_file = "root.json";
constexpr const char* timestamp_file = "timestamp.json";
constexpr const char* snapshot_file = "snapshot.json";

// A key that counted before counts no more: then what it may have signed is forgotten (5.3.11).
bool loses_a_key(const Role& before, const Role& after) {
  return std::any_of(before.keyids.begin(), before.keyids.end(), [&](const std::string& id) {
    return std::find(after.keyids.begin(), after.keyids.end(), id) == after.keyids.end();
  });
}

std::size_t capped(const FileMeta& meta, std::size_t max) {
  return meta.length ? static_cast<std::size_t>(std::min<std::uint64_t>(*meta.length, max)) : max;
}

}  // namespace

Result<Client> Client::open(Shelf& shelf, Instant start, Limits limits) {
  TRY(const auto text, shelf.read(root_file, limits.root));
  if (!text) return fail(Fault::missing, "there is no trusted root.json; begin with one");
  TRY(auto root, parse_root(*text, limits));
  TRY_VOID(check_signatures(root.content.root, root.content.keys, root.bytes, root.signatures,
                            "the trusted root"));
  Client out(shelf, start, limits, std::move(root));
  out.want_root();
  return out;
}

Result<void> Client::guarded(const std::function<Result<void>()>& step) {
  auto done = step();
  if (!done) {
    phase_ = Phase::failed;
    want_.reset();
  }
  return done;
}

Result<void> Client::take(std::string_view text) {
  if (!want_) return fail(Fault::conflict, "no metadata is wanted");
  return guarded([&]() -> Result<void> {
    const Want wanted = *std::exchange(want_, std::nullopt);
    if (text.size() > wanted.max)
      return fail(Fault::exhausted,
                  wanted.path + ": more than " + std::to_string(wanted.max) + " bytes");
    return fed(text);
  });
}

Result<void> Client::fed(std::string_view text) {
  switch (phase_) {
    case Phase::root:
      return take_root(text);
    case Phase::timestamp:
      return take_timestamp(text);
    case Phase::snapshot:
      return take_snapshot(text);
    case Phase::targets:
    case Phase::search: {
      const Visit visit = to_visit_.back();
      TRY(auto role, check_targets(text, visit));
      TRY_VOID(shelf_.write(escaped(visit.role) + ".json", text));
      targets_.insert_or_assign(visit.role, std::move(role));
      TRY_VOID(visited(visit.role));
      return walk();
    }
    case Phase::ready:
    case Phase::failed:
      break;
  }
  return fail(Fault::conflict, "no metadata is wanted");
}

Result<void> Client::missing() {
  if (!want_) return fail(Fault::conflict, "no metadata is wanted");
  return guarded([&]() -> Result<void> {
    const Want wanted = *std::exchange(want_, std::nullopt);
    if (phase_ == Phase::root) return end_of_roots();
    return fail(Fault::missing, wanted.path + ": the repository does not have it");
  });
}

void Client::want_root() {
  want_ = Want{std::to_string(root_.content.version + 1) + ".root.json", limits_.root};
}

// 5.3.4 to 5.3.8: signed by the root before it and by itself, one version on.
Result<void> Client::take_root(std::string_view text) {
  TRY(auto next, parse_root(text, limits_));
  const std::string what = "root " + std::to_string(next.content.version);
  const Root& before = root_.content;
  TRY_VOID(check_signatures(before.root, before.keys, next.bytes, next.signatures,
                            what + ", by the keys of root " + std::to_string(before.version)));
  TRY_VOID(check_signatures(next.content.root, next.content.keys, next.bytes, next.signatures,
                            what + ", by its own keys"));
  if (next.content.version != before.version + 1)
    return fail(Fault::conflict, what + ": must be version " + std::to_string(before.version + 1));
  // 5.3.11, before the new root can be seen: after a cut it is done again.
  if (loses_a_key(before.timestamp, next.content.timestamp) ||
      loses_a_key(before.snapshot, next.content.snapshot)) {
    TRY_VOID(shelf_.remove(timestamp_file));
    TRY_VOID(shelf_.remove(snapshot_file));
  }
  TRY_VOID(shelf_.write(root_file, text));
  root_ = std::move(next);
  if (++root_steps_ >= limits_.root_steps) return end_of_roots();
  want_root();
  return {};
}

Result<void> Client::check_fresh(const Content& content, const char* what) const {
  if (content.expires > start_) return {};
  return fail(Fault::conflict, std::string(what) + " " + std::to_string(content.version) +
                                   " has expired on " + rfc3339(content.expires) +
                                   "; is the repository kept up, and the clock right?");
}

Result<void> Client::end_of_roots() {
  TRY_VOID(check_fresh(root_.content, "root"));
  phase_ = Phase::timestamp;
  // What is on the shelf may have expired, and still is what a new one may not fall behind.
  if (const auto text = shelf_.read(timestamp_file, limits_.timestamp); text && *text) {
    auto kept = parse_timestamp(**text, limits_);
    if (kept && check_signatures(root_.content.timestamp, root_.content.keys, kept->bytes,
                                 kept->signatures, "timestamp"))
      timestamp_ = std::move(*kept);
  }
  want_ = Want{timestamp_file, limits_.timestamp};
  return {};
}

Result<void> Client::take_timestamp(std::string_view text) {
  TRY(auto next, parse_timestamp(text, limits_));
  TRY_VOID(check_signatures(root_.content.timestamp, root_.content.keys, next.bytes,
                            next.signatures, "timestamp"));
  if (timestamp_) {
    const Timestamp& before = timestamp_->content;
    if (next.content.version < before.version)
      return fail(Fault::conflict, "timestamp: goes back from version " +
                                       std::to_string(before.version) + " to " +
                                       std::to_string(next.content.version));
    if (next.content.version == before.version) return after_timestamp();  // the old one stays
    if (next.content.snapshot.version < before.snapshot.version)
      return fail(Fault::conflict, "timestamp: leads back from snapshot " +
                                       std::to_string(before.snapshot.version) + " to " +
                                       std::to_string(next.content.snapshot.version));
  }
  TRY_VOID(check_fresh(next.content, "timestamp"));
  TRY_VOID(shelf_.write(timestamp_file, text));
  timestamp_ = std::move(next);
  return after_timestamp();
}

Result<void> Client::after_timestamp() {
  TRY_VOID(check_fresh(timestamp_->content, "timestamp"));
  phase_ = Phase::snapshot;
  const FileMeta& meta = timestamp_->content.snapshot;
  if (const auto text = shelf_.read(snapshot_file, limits_.snapshot); text && *text) {
    auto kept = parse_snapshot(**text, limits_);
    if (kept && check_signatures(root_.content.snapshot, root_.content.keys, kept->bytes,
                                 kept->signatures, "snapshot")) {
      const bool current = kept->content.version == meta.version &&
                           check_fresh(kept->content, "snapshot") &&
                           check_file(**text, meta.length, meta.hashes, "snapshot");
      snapshot_before_ = std::move(*kept);
      if (current) {
        snapshot_ = snapshot_before_;
        return after_snapshot();
      }
    }
  }
  want_ = Want{versioned("snapshot", meta.version), capped(meta, limits_.snapshot)};
  return {};
}

Result<void> Client::take_snapshot(std::string_view text) {
  const FileMeta& meta = timestamp_->content.snapshot;
  TRY_VOID(check_file(text, meta.length, meta.hashes, "snapshot"));
  TRY(auto next, parse_snapshot(text, limits_));
  TRY_VOID(check_signatures(root_.content.snapshot, root_.content.keys, next.bytes, next.signatures,
                            "snapshot"));
  if (next.content.version != meta.version)
    return fail(Fault::conflict, "snapshot: is version " + std::to_string(next.content.version) +
                                     "; the timestamp says " + std::to_string(meta.version));
  if (snapshot_before_) {
    for (const auto& [name, before] : snapshot_before_->content.meta) {
      const auto now = next.content.meta.find(name);
      if (now == next.content.meta.end())
        return fail(Fault::conflict, "snapshot: " + name + " is not in it any more");
      if (now->second.version < before.version)
        return fail(Fault::conflict, "snapshot: " + name + " goes back from version " +
                                         std::to_string(before.version) + " to " +
                                         std::to_string(now->second.version));
    }
  }
  TRY_VOID(check_fresh(next.content, "snapshot"));
  TRY_VOID(shelf_.write(snapshot_file, text));
  snapshot_ = std::move(next);
  return after_snapshot();
}

Result<void> Client::after_snapshot() {
  phase_ = Phase::targets;
  to_visit_ = {{"targets", "root"}};
  return walk();
}

std::string Client::versioned(const std::string& name, std::int64_t version) const {
  const std::string file = escaped(name) + ".json";
  return root_.content.consistent_snapshot ? std::to_string(version) + "." + file : file;
}

Result<FileMeta> Client::meta_of(const std::string& role) const {
  const auto meta = snapshot_->content.meta.find(role + ".json");
  if (meta == snapshot_->content.meta.end())
    return fail(Fault::missing, "the snapshot does not list the role " + role);
  return meta->second;
}

Result<Signed<Targets>> Client::check_targets(std::string_view text, const Visit& visit) const {
  TRY(const FileMeta meta, meta_of(visit.role));
  TRY_VOID(check_file(text, meta.length, meta.hashes, visit.role));
  TRY(auto next, parse_targets(text, limits_));
  const Role* role = &root_.content.targets;
  const Keys* keys = &root_.content.keys;
  if (visit.by != "root") {
    const Targets& by = targets_.find(visit.by)->second.content;
    role = &*std::find_if(by.delegations.begin(), by.delegations.end(),
                          [&](const Delegation& one) { return one.name == visit.role; });
    keys = &by.keys;
  }
  TRY_VOID(check_signatures(*role, *keys, next.bytes, next.signatures,
                            visit.role + ", by the keys that " + visit.by + " gives it"));
  if (next.content.version != meta.version)
    return fail(Fault::conflict, visit.role + ": is version " +
                                     std::to_string(next.content.version) + "; the snapshot says " +
                                     std::to_string(meta.version));
  TRY_VOID(check_fresh(next.content, visit.role.c_str()));
  return next;
}

// Verified again even when this client has it: another role may have led to it then.
Result<bool> Client::load(const Visit& visit) {
  TRY_VOID(meta_of(visit.role));
  const auto text = shelf_.read(escaped(visit.role) + ".json", limits_.targets);
  if (!text || !*text) return false;
  auto kept = check_targets(**text, visit);
  if (!kept) return false;
  targets_.insert_or_assign(visit.role, std::move(*kept));
  return true;
}

Result<void> Client::search(std::string target_path) {
  if (phase_ != Phase::ready) return fail(Fault::conflict, "the metadata is not up to date");
  found_.reset();
  visited_.clear();
  target_path_ = std::move(target_path);
  to_visit_.clear();
  phase_ = Phase::search;
  return guarded([&]() -> Result<void> {
    to_visit_.push_back({"targets", "root"});
    TRY_VOID(visited("targets"));
    return walk();
  });
}

// The role is trusted and has been looked at; its delegations come next, the first of them first.
Result<void> Client::visited(const std::string& role) {
  to_visit_.pop_back();
  if (phase_ != Phase::search) return {};
  visited_.insert(role);
  const Targets& here = targets_.find(role)->second.content;
  if (const auto target = here.targets.find(target_path_); target != here.targets.end()) {
    found_ = target->second;
    to_visit_.clear();
    return {};
  }
  std::vector<Visit> next;
  for (const Delegation& one : here.delegations) {
    if (!one.covers(target_path_)) continue;
    next.push_back({one.name, role});
    if (!one.terminating) continue;
    to_visit_.clear();
    break;
  }
  to_visit_.insert(to_visit_.end(), next.rbegin(), next.rend());
  return {};
}

Result<void> Client::walk() {
  while (!to_visit_.empty()) {
    const Visit visit = to_visit_.back();
    if (visited_.contains(visit.role)) {
      to_visit_.pop_back();
      continue;
    }
    if (visited_.size() > limits_.roles)
      return fail(Fault::exhausted, "the search for " + target_path_ + " visited " +
                                        std::to_string(limits_.roles) + " roles without an end");
    TRY(const bool here, load(visit));
    if (!here) {
      TRY(const FileMeta meta, meta_of(visit.role));
      want_ = Want{versioned(visit.role, meta.version), capped(meta, limits_.targets)};
      return {};
    }
    TRY_VOID(visited(visit.role));
  }
  phase_ = Phase::ready;
  return {};
}

std::string Client::path_of(std::string_view target_path, const Target& target) const {
  std::string out;
  std::string_view name = target_path;
  for (auto slash = name.find('/'); slash != name.npos; slash = name.find('/')) {
    out += escaped(name.substr(0, slash)) + "/";
    name.remove_prefix(slash + 1);
  }
  const std::string& hash =
      target.hashes.sha256.empty() ? target.hashes.sha512 : target.hashes.sha256;
  if (root_.content.consistent_snapshot && !hash.empty()) out += hash + ".";
  return out + escaped(name);
}

}  // namespace muster::tuf
