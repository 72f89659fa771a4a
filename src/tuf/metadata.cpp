#include "tuf/metadata.h"

#include <algorithm>
#include <set>

#include "tuf/canonical.h"
#include "tuf/internal/reader.h"

namespace muster::tuf {
namespace {

using wire::Json;

constexpr std::size_t files_max = 64 * 1024;     // of one snapshot
constexpr std::size_t targets_max = 256 * 1024;  // of one role
constexpr std::size_t patterns_max = 4096;       // of one delegation
constexpr std::size_t path_max = 1024;
constexpr std::size_t signature_max = 2048;  // hexadecimal digits: RSA of 8192 bits

bool is_hex(std::string_view s) {
  auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return !s.empty() && std::all_of(s.begin(), s.end(), hex);
}

struct Opened {
  Json content;
  std::string bytes;
  std::vector<Signature> signatures;
};

Result<std::vector<Signature>> read_signatures(Reader& in) {
  std::vector<Signature> out;
  std::set<std::string_view> seen;
  std::size_t index = 0;
  for (const Json& item : in.array("signatures", signatures_max)) {
    Reader one(item, wire::json_pointer("/signatures", index++));
    const std::string& keyid = one.text("keyid", role_name_max);
    auto value = from_hex(one.text("sig", signature_max));
    if (!value) one.refuse("sig", "must be a signature in hexadecimal");
    if (!seen.insert(keyid).second) one.refuse("keyid", "signs a second time (spec 4.2.1)");
    TRY_VOID(one.done());
    out.push_back({keyid, std::move(*value)});
  }
  TRY_VOID(in.done());
  return out;
}

// The envelope, and of what is signed the members that every role has.
Result<Opened> open(std::string_view text, std::size_t max, std::string_view type) {
  if (text.size() > max)
    return fail(Fault::exhausted,
                std::string(type) + " metadata of more than " + std::to_string(max) + " bytes");
  TRY(Json json, wire::parse_json(text, {.bytes = max, .depth = 32}));
  Reader in(json, "");
  const Json* content = in.maybe("signed");
  if (!content || !content->members()) in.refuse("signed", "must be an object");
  TRY(auto signatures, read_signatures(in));
  Reader common(*content, "/signed");
  if (common.text("_type", 64) != type) common.refuse("_type", "must be " + std::string(type));
  const std::string& spec = common.text("spec_version", 32);
  if (!spec.starts_with("1."))
    common.refuse("spec_version", "must be 1.x, the version of TUF that is understood");
  TRY_VOID(common.done());
  auto bytes = canonical_json(*content);
  if (!bytes) return fail(Fault::invalid, bytes.error().message, "/signed");
  return Opened{*content, std::move(*bytes), std::move(signatures)};
}

Content read_common(Reader& in) {
  return {.version = in.integer("version", 1), .expires = in.time("expires")};
}

Hashes read_hashes(const Json& json, Reader& in) {
  Hashes out;
  if (!json.members() || json.members()->empty() || json.members()->size() > 16) {
    in.refuse("hashes", "must be an object of at least one hash");
    return out;
  }
  for (const auto& [algorithm, value] : *json.members()) {
    std::string* known = algorithm == "sha256"   ? &out.sha256
                         : algorithm == "sha512" ? &out.sha512
                                                 : nullptr;
    if (!known) {
      out.others = true;
      continue;
    }
    if (value.text() && is_hex(*value.text()) &&
        value.text()->size() == (algorithm == "sha256" ? 64 : 128))
      *known = *value.text();
    else
      in.refuse("hashes", "must be hexadecimal of the algorithm's length");
  }
  return out;
}

Result<FileMeta> read_file_meta(const Json& json, const std::string& pointer) {
  Reader in(json, pointer);
  FileMeta out{.version = in.integer("version", 1)};
  if (in.maybe("length")) out.length = static_cast<std::uint64_t>(in.integer("length", 0));
  if (const Json* hashes = in.maybe("hashes")) out.hashes = read_hashes(*hashes, in);
  TRY_VOID(in.done());
  return out;
}

Result<void> read_role(Reader& in, Role& out) {
  std::set<std::string_view> seen;
  for (const Json& id : in.array("keyids", keys_max)) {
    if (!id.text() || id.text()->size() > role_name_max || !seen.insert(*id.text()).second) {
      in.refuse("keyids", "must be texts, each once");
      break;
    }
    out.keyids.push_back(*id.text());
  }
  out.threshold = in.integer("threshold", 1);
  return in.done();
}

Result<Keys> read_keys(const Json::Members& members, const std::string& pointer) {
  Keys out;
  for (const auto& [id, json] : members) {
    TRY(Key key, Key::read(json, wire::json_pointer(pointer, id)));
    out.emplace(id, std::move(key));
  }
  return out;
}

bool is_top_level(std::string_view name) {
  return name == "root" || name == "timestamp" || name == "snapshot" || name == "targets";
}

std::vector<std::string> read_texts(Reader& in, std::string_view key, bool hex) {
  std::vector<std::string> out;
  for (const Json& item : in.array(key, patterns_max)) {
    if (!item.text() || item.text()->size() > path_max || (hex && !is_hex(*item.text()))) {
      in.refuse(key, hex ? "must be hexadecimal prefixes" : "must be path patterns");
      break;
    }
    out.push_back(*item.text());
  }
  return out;
}

Result<Delegation> read_delegation(const Json& json, const std::string& pointer) {
  Reader in(json, pointer);
  Delegation out;
  out.name = in.text("name", role_name_max);
  if (out.name.empty() || is_top_level(out.name))
    in.refuse("name", "must not be empty, nor a top-level role's");
  out.terminating = in.boolean_or("terminating", false);
  const bool prefixes = in.maybe("path_hash_prefixes");
  if (prefixes == (in.maybe("paths") != nullptr))
    in.refuse("paths", "must be given, or path_hash_prefixes, and not both");
  else if (prefixes)
    out.hash_prefixes = read_texts(in, "path_hash_prefixes", true);
  else
    out.paths = read_texts(in, "paths", false);
  TRY_VOID(read_role(in, out));
  return out;
}

Result<void> read_delegations(const Json& json, Targets& out) {
  Reader in(json, "/signed/delegations");
  if (in.maybe("succinct_roles"))
    in.refuse("succinct_roles", "is not supported; delegate to roles by name");
  const auto& keys = in.members("keys", keys_max);
  const auto& roles = in.array("roles", delegations_max);
  TRY_VOID(in.done());
  TRY(out.keys, read_keys(keys, in.pointer("keys")));
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const std::string pointer = wire::json_pointer(in.pointer("roles"), i);
    TRY(Delegation one, read_delegation(roles[i], pointer));
    out.delegations.push_back(std::move(one));
  }
  for (const Delegation& one : out.delegations)
    if (!seen.insert(one.name).second)
      return fail(Fault::invalid, "delegates twice to one role", in.pointer("roles"));
  return {};
}

Result<Target> read_target(const Json& json, const std::string& pointer) {
  Reader in(json, pointer);
  Target out;
  out.length = static_cast<std::uint64_t>(in.integer("length", 0));
  const Json* hashes = in.maybe("hashes");
  if (hashes)
    out.hashes = read_hashes(*hashes, in);
  else
    in.refuse("hashes", "must be there");
  if (const Json* custom = in.maybe("custom")) out.custom = *custom;
  TRY_VOID(in.done());
  return out;
}

}  // namespace

Result<Signed<Root>> parse_root(std::string_view text, const Limits& limits) {
  TRY(Opened opened, open(text, limits.root, "root"));
  Reader in(opened.content, "/signed");
  Root out{read_common(in), in.boolean_or("consistent_snapshot", false), {}, {}, {}, {}, {}};
  const auto& keys = in.members("keys", keys_max);
  const auto& roles = in.members("roles", 64);
  TRY_VOID(in.done());
  TRY(out.keys, read_keys(keys, in.pointer("keys")));
  struct Place {
    const char* name;
    Role& role;
  };
  for (const Place place : {Place{"root", out.root}, Place{"timestamp", out.timestamp},
                            Place{"snapshot", out.snapshot}, Place{"targets", out.targets}}) {
    const std::string pointer = wire::json_pointer(in.pointer("roles"), place.name);
    auto here = std::find_if(roles.begin(), roles.end(),
                             [&](const Json::Member& m) { return m.first == place.name; });
    if (here == roles.end()) return fail(Fault::invalid, "a root must have this role", pointer);
    Reader role(here->second, pointer);
    TRY_VOID(read_role(role, place.role));
  }
  return Signed<Root>{std::move(out), std::move(opened.bytes), std::move(opened.signatures)};
}

Result<Signed<Timestamp>> parse_timestamp(std::string_view text, const Limits& limits) {
  TRY(Opened opened, open(text, limits.timestamp, "timestamp"));
  Reader in(opened.content, "/signed");
  Timestamp out{read_common(in), {}};
  const auto& meta = in.members("meta", 1);
  if (meta.size() != 1 || meta.front().first != "snapshot.json")
    in.refuse("meta", "must be about snapshot.json and nothing else");
  TRY_VOID(in.done());
  TRY(out.snapshot, read_file_meta(meta.front().second, "/signed/meta/snapshot.json"));
  return Signed<Timestamp>{std::move(out), std::move(opened.bytes), std::move(opened.signatures)};
}

Result<Signed<Snapshot>> parse_snapshot(std::string_view text, const Limits& limits) {
  TRY(Opened opened, open(text, limits.snapshot, "snapshot"));
  Reader in(opened.content, "/signed");
  Snapshot out{read_common(in), {}};
  const auto& meta = in.members("meta", files_max);
  TRY_VOID(in.done());
  for (const auto& [name, json] : meta) {
    TRY(FileMeta file, read_file_meta(json, wire::json_pointer("/signed/meta", name)));
    out.meta.emplace(name, std::move(file));
  }
  return Signed<Snapshot>{std::move(out), std::move(opened.bytes), std::move(opened.signatures)};
}

Result<Signed<Targets>> parse_targets(std::string_view text, const Limits& limits) {
  TRY(Opened opened, open(text, limits.targets, "targets"));
  Reader in(opened.content, "/signed");
  Targets out{read_common(in), {}, {}, {}};
  const auto& targets = in.members("targets", targets_max);
  TRY_VOID(in.done());
  for (const auto& [path, json] : targets) {
    const std::string pointer = wire::json_pointer("/signed/targets", path);
    if (path.empty() || path.size() > path_max)
      return fail(Fault::invalid, "a target's path has 1 to 1024 bytes", pointer);
    TRY(Target target, read_target(json, pointer));
    out.targets.emplace(path, std::move(target));
  }
  const Json* delegations = in.maybe("delegations");
  if (delegations && !delegations->is_null()) TRY_VOID(read_delegations(*delegations, out));
  return Signed<Targets>{std::move(out), std::move(opened.bytes), std::move(opened.signatures)};
}

}  // namespace muster::tuf
