// tuf/metadata -- the four kinds of TUF metadata, read with bounds, and who signed them (spec
// 1.0.34, clause 4).
//
// Reading is lenient where the specification asks for it: a member that is not known is left to the
// signature, which is over all of them. All else that is wrong is refused with the JSON pointer of
// the place. Nothing here is trusted before check_signatures(). Values and pure functions; any
// thread. Format: docs/formats/tuf.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "tuf/key.h"
#include "wire/json.h"

namespace muster::tuf {

struct Limits {
  std::size_t root = 64 << 10, timestamp = 64 << 10;  // octets of a file
  std::size_t snapshot = 2 << 20, targets = 8 << 20;
  unsigned root_steps = 256;  // root versions in one refresh
  unsigned roles = 32;        // that one search may visit, without the topmost
};

inline constexpr std::size_t signatures_max = 128;
inline constexpr std::size_t keys_max = 1024;         // of one delegator
inline constexpr std::size_t delegations_max = 1024;  // of one role
inline constexpr std::size_t role_name_max = 256;     // octets

struct Hashes {
  std::string sha256 = {}, sha512 = {};  // lower-case hexadecimal; empty: not given
  bool others = false;                   // by an algorithm that we do not know
  bool given() const { return others || !sha256.empty() || !sha512.empty(); }
  bool operator==(const Hashes&) const = default;
};

struct FileMeta {  // of a metadata file, as the role above it says
  std::int64_t version = 0;
  std::optional<std::uint64_t> length = {};
  Hashes hashes = {};
};

struct Target {
  std::uint64_t length = 0;
  Hashes hashes;
  wire::Json custom = {};  // null: none
};

struct Role {
  std::vector<std::string> keyids;
  std::int64_t threshold = 0;
};
using Keys = std::map<std::string, Key>;  // by key id

struct Content {
  std::int64_t version = 0;
  Instant expires;
};

struct Root : Content {
  bool consistent_snapshot = false;
  Keys keys;
  Role root, timestamp, snapshot, targets;
};

struct Timestamp : Content {
  FileMeta snapshot;
};

struct Snapshot : Content {
  std::map<std::string, FileMeta> meta;  // "targets.json", "<role>.json"
};

struct Delegation : Role {
  std::string name;
  bool terminating = false;
  std::vector<std::string> paths, hash_prefixes;  // one of them
  bool covers(std::string_view target_path) const;
};

struct Targets : Content {
  std::map<std::string, Target, std::less<>> targets;
  Keys keys;  // of the delegations
  std::vector<Delegation> delegations;
};

struct Signature {
  std::string keyid;
  Bytes value;  // empty: a place that nobody has signed yet
};

template <class T>
struct Signed {
  T content;
  std::string bytes;  // canonical: what the signatures are over
  std::vector<Signature> signatures;
};

Result<Signed<Root>> parse_root(std::string_view, const Limits& = {});
Result<Signed<Timestamp>> parse_timestamp(std::string_view, const Limits& = {});
Result<Signed<Snapshot>> parse_snapshot(std::string_view, const Limits& = {});
Result<Signed<Targets>> parse_targets(std::string_view, const Limits& = {});

// Unauthorized unless `threshold` different keys of the role signed. A key counts once, however
// many ids it has. `what` names the metadata for the person who reads the refusal.
Result<void> check_signatures(const Role&, const Keys&, std::string_view bytes,
                              const std::vector<Signature>&, const std::string& what);

// Corrupt unless the text has this length and all of these hashes; one by an algorithm that is not
// known cannot be checked and is refused.
Result<void> check_file(std::string_view text, const std::optional<std::uint64_t>& length,
                        const Hashes&, const std::string& what);

// Shell-style, part by part between slashes: * and ? never match a slash; [ab], [a-c], [!a].
bool matches(std::string_view pattern, std::string_view target_path);

// All but letters, digits and -._~ as %XX: safe in a URL and as the name of a file.
std::string escaped(std::string_view role_name);

}  // namespace muster::tuf
