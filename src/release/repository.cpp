#include "release/repository.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "crypto/hash.h"
#include "tuf/client.h"
#include "tuf/publish.h"

namespace muster::release {
namespace {

constexpr std::size_t versions_kept = 4;  // of snapshot and targets: devices are in the middle

constexpr const char* steps[] = {
    "CREATE TABLE release_repository(role TEXT NOT NULL, version INTEGER NOT NULL,"
    " text TEXT NOT NULL, PRIMARY KEY(role, version)) WITHOUT ROWID"};

std::string file_name(std::int64_t version, std::string_view role) {
  return std::to_string(version) + "." + std::string(role) + ".json";
}

std::string sha256_of(const std::string& text) {
  return to_hex(crypto::sha256(bytes_of(text)));
}

}  // namespace

struct Repository::Next {
  std::map<std::int64_t, std::string> roots;
  File targets, snapshot, timestamp;
};

Result<Repository> Repository::open(store::Store& store, ledger::Ledger& ledger,
                                    const crypto::SigningKey& online, const Clock& clock) {
  TRY_VOID(store.migrate("release_repository", steps));
  Repository out(store, ledger, online, clock);
  TRY_VOID(out.load());
  return out;
}

Result<void> Repository::load() {
  Next found;
  auto rows = store_.read("SELECT role, version, text FROM release_repository ORDER BY version");
  while (rows.next()) {
    const std::string role = rows.text(0);
    File file{rows.integer(1), rows.text(2)};
    kept_[role][file.version] = file.text;
    if (role == "root")
      found.roots[file.version] = std::move(file.text);
    else
      (role == "targets"    ? found.targets
       : role == "snapshot" ? found.snapshot
                            : found.timestamp) = std::move(file);
  }
  if (found.roots.empty()) return {};
  if (auto taken = take(std::move(found)); !taken)
    return fail(Fault::corrupt,
                "the repository's metadata in the store is not what was published (" +
                    taken.error().message + "); restore a backup");
  return {};
}

Result<void> Repository::take(Next next) {
  TRY(const auto root, tuf::parse_root(next.roots.rbegin()->second));
  TRY(auto targets, tuf::parse_targets(next.targets.text));
  TRY(const auto snapshot, tuf::parse_snapshot(next.snapshot.text));
  TRY(const auto timestamp, tuf::parse_timestamp(next.timestamp.text));
  root_expires_ = root.content.expires;
  targets_expires_ = targets.content.expires;
  snapshot_expires_ = snapshot.content.expires;
  timestamp_expires_ = timestamp.content.expires;
  listed_ = std::move(targets.content.targets);
  roots_ = std::move(next.roots);
  targets_ = std::move(next.targets);
  snapshot_ = std::move(next.snapshot);
  timestamp_ = std::move(next.timestamp);
  return {};
}

Result<void> Repository::check_online_key(const std::string& text) const {
  TRY(const auto root, tuf::parse_root(text));
  const std::string id = tuf::key_id(online_.public_key());
  for (const tuf::Role* role : {&root.content.timestamp, &root.content.snapshot}) {
    const bool ours = role->threshold == 1 &&
                      std::find(role->keyids.begin(), role->keyids.end(), id) != role->keyids.end();
    if (!ours)
      return fail(Fault::invalid,
                  "must give timestamp and snapshot to this controller's online key, " + id +
                      ", with a threshold of 1",
                  "/root/signed/roles");
  }
  return {};
}

Result<void> Repository::sign(Next& next, bool snapshot_too) const {
  const crypto::SigningKey* const keys[] = {&online_};
  const Instant now = clock_.now();
  if (snapshot_too) {
    next.snapshot.version = snapshot_.version + 1;
    TRY(next.snapshot.text,
        tuf::signed_text(
            tuf::snapshot_content(
                next.snapshot.version, now + snapshot_life,
                {{"targets.json", tuf::file_meta(next.targets.version, next.targets.text)}}),
            keys));
  }
  next.timestamp.version = timestamp_.version + 1;
  TRY(next.timestamp.text,
      tuf::signed_text(
          tuf::timestamp_content(next.timestamp.version, now + timestamp_life,
                                 tuf::file_meta(next.snapshot.version, next.snapshot.text)),
          keys));
  return {};
}

// A device that has what is served now, or nothing but the first root, follows to what comes.
Result<void> Repository::rehearse(const Next& next, bool from_nothing) const {
  tuf::MemoryShelf shelf;
  const bool first = from_nothing || roots_.empty();
  TRY_VOID(shelf.write("root.json", first ? next.roots.begin()->second : roots_.rbegin()->second));
  if (!first) {
    TRY_VOID(shelf.write("targets.json", targets_.text));
    TRY_VOID(shelf.write("snapshot.json", snapshot_.text));
    TRY_VOID(shelf.write("timestamp.json", timestamp_.text));
  }
  std::map<std::string, const std::string*> served{
      {"timestamp.json", &next.timestamp.text},
      {file_name(next.snapshot.version, "snapshot"), &next.snapshot.text},
      {file_name(next.targets.version, "targets"), &next.targets.text}};
  for (const auto& [version, text] : next.roots) served[file_name(version, "root")] = &text;
  TRY(auto client, tuf::Client::open(shelf, clock_.now(),
                                     {.root_steps = static_cast<unsigned>(next.roots.size()) + 1}));
  while (client.wants()) {
    const auto file = served.find(client.wants()->path);
    TRY_VOID(file == served.end() ? client.missing() : client.take(*file->second));
  }
  if (client.root().version != next.roots.rbegin()->first)
    return fail(Fault::conflict, "root: does not follow from the one before", "/root");
  return {};
}

Result<void> Repository::publish(std::optional<std::string> root,
                                 std::optional<std::string> targets, const TargetRule& rule,
                                 ledger::Actor by) {
  if (root && !roots_.empty() && *root == roots_.rbegin()->second) root.reset();
  if (targets && *targets == targets_.text) targets.reset();
  if (!root && !targets) {
    if (!roots_.empty()) return {};
    return fail(Fault::invalid, "give a root, targets, or both", "/root");
  }
  if (roots_.empty() && !(root && targets))
    return fail(Fault::conflict, "there is no repository yet: begin with a root and targets",
                root ? "/targets" : "/root");
  Next next{roots_, targets_, snapshot_, timestamp_};
  if (root) {
    TRY_VOID(check_online_key(*root));
    TRY(const auto parsed, tuf::parse_root(*root));
    const std::int64_t wanted = roots_.empty() ? 1 : roots_.rbegin()->first + 1;
    if (parsed.content.version != wanted)
      return fail(Fault::conflict, "must be version " + std::to_string(wanted),
                  "/root/signed/version");
    next.roots[wanted] = *root;
  }
  if (targets) {
    TRY(const auto parsed, tuf::parse_targets(*targets));
    if (parsed.content.version <= targets_.version)
      return fail(Fault::conflict,
                  "must be above version " + std::to_string(targets_.version) + ", which is served",
                  "/targets/signed/version");
    if (!parsed.content.delegations.empty())
      return fail(Fault::invalid, "delegated roles are not served; list all releases here",
                  "/targets/signed/delegations");
    for (const auto& [path, target] : parsed.content.targets) TRY_VOID(rule(path, target));
    next.targets = {parsed.content.version, *targets};
  }
  TRY_VOID(sign(next, true));
  TRY_VOID(rehearse(next, false));
  TRY_VOID(rehearse(next, true));
  auto& writer =
      ledger_.record({std::move(by), "repository.published", "repository/tuf",
                      wire::Json::object({{"root", next.roots.rbegin()->first},
                                          {"root_sha256", sha256_of(next.roots.rbegin()->second)},
                                          {"targets", next.targets.version},
                                          {"targets_sha256", sha256_of(next.targets.text)}})});
  if (root) write(writer, "root", {next.roots.rbegin()->first, *root});
  if (targets) write(writer, "targets", next.targets);
  write(writer, "snapshot", next.snapshot);
  write(writer, "timestamp", next.timestamp);
  return take(std::move(next));
}

Result<bool> Repository::renew() {
  if (roots_.empty()) return false;
  const Instant now = clock_.now();
  const bool snapshot_due = snapshot_expires_ - now < snapshot_life / 2;
  if (!snapshot_due && timestamp_expires_ - now >= timestamp_life / 2) return false;
  Next next{roots_, targets_, snapshot_, timestamp_};
  TRY_VOID(sign(next, snapshot_due));
  auto& writer = ledger_.observe();  // it says nothing new
  if (snapshot_due) write(writer, "snapshot", next.snapshot);
  write(writer, "timestamp", next.timestamp);
  TRY_VOID(take(std::move(next)));
  return true;
}

void Repository::write(store::Writer& writer, const char* role, const File& file) {
  writer.write("INSERT INTO release_repository(role, version, text) VALUES(?,?,?)",
               {std::string_view(role), file.version, std::string_view(file.text)});
  auto& kept = kept_[role];
  kept[file.version] = file.text;
  const std::size_t most = role == std::string_view("timestamp") ? 1 : versions_kept;
  while (role != std::string_view("root") && kept.size() > most) {
    writer.write("DELETE FROM release_repository WHERE role = ? AND version = ?",
                 {std::string_view(role), kept.begin()->first});
    kept.erase(kept.begin());
  }
}

RepositoryStatus Repository::status() const {
  return {.root = roots_.empty() ? 0 : roots_.rbegin()->first,
          .targets = targets_.version,
          .snapshot = snapshot_.version,
          .timestamp = timestamp_.version,
          .root_expires = root_expires_,
          .targets_expires = targets_expires_,
          .timestamp_expires = timestamp_expires_,
          .releases = listed_.size(),
          .online_key_id = tuf::key_id(online_.public_key()),
          .online_key_pem = online_.public_key().pem()};
}

Result<std::string> Repository::metadata(std::string_view name) const {
  const auto none = [&] {
    return fail(Fault::missing, "the repository has no " + std::string(name.substr(0, 128)));
  };
  if (name == "timestamp.json" && !timestamp_.text.empty()) return timestamp_.text;
  std::int64_t version = 0;
  const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), version);
  const std::string_view rest(end, static_cast<std::size_t>(name.data() + name.size() - end));
  if (ec != std::errc() || !rest.starts_with('.') || !rest.ends_with(".json")) return none();
  const auto role = kept_.find(std::string(rest.substr(1, rest.size() - 6)));
  if (role == kept_.end() || role->first == "timestamp") return none();
  const auto file = role->second.find(version);
  if (file == role->second.end() || file_name(version, role->first) != name) return none();
  return file->second;
}

const tuf::Target* Repository::target(std::string_view path) const {
  const auto here = listed_.find(path);
  return here == listed_.end() ? nullptr : &here->second;
}

}  // namespace muster::release
