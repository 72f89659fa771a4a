// tuf/test_repository -- for tests only: a repository in memory, with real keys, that can be bent,
// and a client driven against it. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "crypto/key.h"
#include "tuf/client.h"
#include "tuf/publish.h"

namespace muster::tuf {

inline const Instant test_start = *parse_rfc3339("2026-06-01T00:00:00Z");

inline crypto::FileKey test_key() {
  return expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
}

struct TestRepository {
  crypto::FileKey root_key = test_key(), targets_key = test_key(), online = test_key();
  std::map<std::string, std::string> files;  // what a mirror serves
  std::map<std::string, Target, std::less<>> targets;
  RootPlan plan{.version = 0};
  std::int64_t targets_version = 0, snapshot_version = 0, timestamp_version = 0;
  Instant expires;
  std::string targets_text, snapshot_text;

  static constexpr Duration days(int n) { return std::chrono::hours(24 * n); }

  explicit TestRepository(Instant now = test_start) : expires(now + days(30)) {
    plan.expires = now + days(365);
    plan.root.keys = {root_key.public_key()};
    plan.targets.keys = {targets_key.public_key()};
    plan.timestamp.keys = plan.snapshot.keys = {online.public_key()};
    publish_root({&root_key});
    publish();
  }

  static std::string sign(const wire::Json& content, std::vector<const crypto::SigningKey*> keys) {
    return expect(signed_text(content, keys));
  }
  std::string first_root() const { return files.at("1.root.json"); }

  void publish_root(std::vector<const crypto::SigningKey*> signers) {
    ++plan.version;
    files[std::to_string(plan.version) + ".root.json"] = sign(root_content(plan), signers);
  }
  void publish() {
    publish_targets(sign(targets_content(++targets_version, expires, targets), {&targets_key}));
  }
  void publish_targets(std::string text) {
    targets_text = std::move(text);
    files[std::to_string(targets_version) + ".targets.json"] = targets_text;
    publish_snapshot();
  }
  void publish_snapshot() {
    snapshot_text =
        sign(snapshot_content(++snapshot_version, expires,
                              {{"targets.json", file_meta(targets_version, targets_text)}}),
             {&online});
    files[std::to_string(snapshot_version) + ".snapshot.json"] = snapshot_text;
    publish_timestamp();
  }
  void publish_timestamp() {
    files["timestamp.json"] = sign(
        timestamp_content(++timestamp_version, expires, file_meta(snapshot_version, snapshot_text)),
        {&online});
  }
  void add(const std::string& path, std::string_view bytes, wire::Json custom = {}) {
    const FileMeta meta = file_meta(1, bytes);
    targets[path] = {*meta.length, meta.hashes, std::move(custom)};
  }

  // Until the client wants nothing more, or refuses.
  Result<void> feed(Client& client) const {
    while (client.wants()) {
      const auto file = files.find(client.wants()->path);
      auto fed = file == files.end() ? client.missing() : client.take(file->second);
      if (!fed) return fed;
    }
    return {};
  }
  // What a device that has this shelf makes of the repository now.
  Result<Client> refresh(Shelf& shelf, Instant now = test_start) const {
    TRY(auto client, Client::open(shelf, now));
    TRY_VOID(feed(client));
    return client;
  }
};

}  // namespace muster::tuf
