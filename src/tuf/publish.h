// tuf/publish -- metadata as a publisher writes it: contents, and signatures over them.
//
// A text is written once and then only gains signatures: what they are over does not change.
// Nothing here decides what may be published; whoever takes it lets a Client judge (tuf/client.h).
// Pure but for the keys, which may block; any thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/key.h"
#include "tuf/metadata.h"
#include "wire/json.h"

namespace muster::tuf {

struct RoleKeys {
  std::vector<crypto::PublicKey> keys;
  std::int64_t threshold = 1;
};

struct RootPlan {
  std::int64_t version = 1;
  Instant expires;
  RoleKeys root, timestamp, snapshot, targets;
};

wire::Json root_content(const RootPlan&);  // with consistent snapshots
Result<RootPlan> plan_of(const Root&);     // to plan the next one; refuses keys that are not ours
wire::Json timestamp_content(std::int64_t version, Instant expires, const FileMeta& snapshot);
wire::Json snapshot_content(std::int64_t version, Instant expires,
                            const std::map<std::string, FileMeta>& meta);
wire::Json targets_content(std::int64_t version, Instant expires,
                           const std::map<std::string, Target, std::less<>>& targets);

FileMeta file_meta(std::int64_t version, std::string_view text);  // with length and SHA-256

std::string unsigned_text(const wire::Json& content);
// With the key's signature, in place of an earlier one of it; the others stay.
Result<std::string> with_signature(std::string_view text, const crypto::SigningKey&);
Result<std::string> signed_text(const wire::Json& content,
                                std::span<const crypto::SigningKey* const>);

}  // namespace muster::tuf
