#include "tuf/publish.h"

#include "crypto/hash.h"
#include "tuf/canonical.h"

namespace muster::tuf {
namespace {

using wire::Json;

constexpr const char* spec_version = "1.0.34";

// Whole seconds, as the specification writes them (4.2.1).
std::string seconds_text(Instant t) {
  return rfc3339(t).substr(0, sizeof("2026-01-01T00:00:00") - 1) + "Z";
}

Json content_of(const char* type, std::int64_t version, Instant expires) {
  return Json::object({{"_type", type},
                       {"expires", seconds_text(expires)},
                       {"spec_version", spec_version},
                       {"version", version}});
}

Json to_json(const Hashes& hashes) {
  Json out = Json::object();
  if (!hashes.sha256.empty()) out.set("sha256", hashes.sha256);
  if (!hashes.sha512.empty()) out.set("sha512", hashes.sha512);
  return out;
}

Json to_json(const FileMeta& meta) {
  Json out = Json::object({{"version", meta.version}});
  if (meta.length) out.set("length", *meta.length);
  if (meta.hashes.given()) out.set("hashes", to_json(meta.hashes));
  return out;
}

Json to_json(const RoleKeys& role) {
  Json ids = Json::array();
  for (const auto& key : role.keys) ids.push(key_id(key));
  return Json::object({{"keyids", std::move(ids)}, {"threshold", role.threshold}});
}

}  // namespace

Json root_content(const RootPlan& plan) {
  Json keys = Json::object();
  for (const RoleKeys* role : {&plan.root, &plan.timestamp, &plan.snapshot, &plan.targets})
    for (const auto& key : role->keys) keys.set(key_id(key), to_json(key));
  Json out = content_of("root", plan.version, plan.expires);
  out.set("consistent_snapshot", true);
  out.set("keys", std::move(keys));
  out.set("roles", Json::object({{"root", to_json(plan.root)},
                                 {"snapshot", to_json(plan.snapshot)},
                                 {"targets", to_json(plan.targets)},
                                 {"timestamp", to_json(plan.timestamp)}}));
  return out;
}

Result<RootPlan> plan_of(const Root& root) {
  RootPlan plan{.version = root.version, .expires = root.expires};
  const std::pair<const Role*, RoleKeys*> roles[] = {{&root.root, &plan.root},
                                                     {&root.timestamp, &plan.timestamp},
                                                     {&root.snapshot, &plan.snapshot},
                                                     {&root.targets, &plan.targets}};
  for (const auto& [role, out] : roles) {
    out->threshold = role->threshold;
    for (const std::string& id : role->keyids) {
      const auto key = root.keys.find(id);
      const crypto::PublicKey* plain = key == root.keys.end() ? nullptr : key->second.plain();
      if (!plain || key_id(*plain) != id)
        return fail(Fault::invalid, "key " + id.substr(0, 16) +
                                        " is not one that these commands made; they take Ed25519, "
                                        "ECDSA P-256 and P-384");
      out->keys.push_back(*plain);
    }
  }
  return plan;
}

Json timestamp_content(std::int64_t version, Instant expires, const FileMeta& snapshot) {
  Json out = content_of("timestamp", version, expires);
  out.set("meta", Json::object({{"snapshot.json", to_json(snapshot)}}));
  return out;
}

Json snapshot_content(std::int64_t version, Instant expires,
                      const std::map<std::string, FileMeta>& meta) {
  Json files = Json::object();
  for (const auto& [name, file] : meta) files.set(name, to_json(file));
  Json out = content_of("snapshot", version, expires);
  out.set("meta", std::move(files));
  return out;
}

Json targets_content(std::int64_t version, Instant expires,
                     const std::map<std::string, Target, std::less<>>& targets) {
  Json::Members list;
  for (const auto& [path, target] : targets) {
    Json one = Json::object({{"length", target.length}, {"hashes", to_json(target.hashes)}});
    if (!target.custom.is_null()) one.set("custom", target.custom);
    list.emplace_back(path, std::move(one));
  }
  Json out = content_of("targets", version, expires);
  out.set("targets", Json::of_members(std::move(list)));
  return out;
}

FileMeta file_meta(std::int64_t version, std::string_view text) {
  return {version, text.size(), {.sha256 = to_hex(crypto::sha256(bytes_of(text)))}};
}

std::string unsigned_text(const Json& content) {
  return wire::to_text(Json::object({{"signatures", Json::array()}, {"signed", content}}));
}

Result<std::string> with_signature(std::string_view text, const crypto::SigningKey& key) {
  TRY(Json json, wire::parse_json(text, {.bytes = Limits{}.targets}));
  const Json* content = json.find("signed");
  const Json* signatures = json.find("signatures");
  if (!content || !signatures || !signatures->items())
    return fail(Fault::invalid, "is no metadata: needs \"signed\" and \"signatures\"");
  TRY(const std::string bytes, canonical_json(*content));
  const std::string id = key_id(key.public_key());
  Json all = Json::array();
  for (const Json& one : *signatures->items())
    if (const Json* by = one.find("keyid"); !by || *by != Json(id)) all.push(one);
  TRY(const Bytes signature, key.sign(bytes_of(bytes)));
  all.push(Json::object({{"keyid", id}, {"sig", to_hex(signature)}}));
  return wire::to_text(Json::object({{"signatures", std::move(all)}, {"signed", *content}}));
}

Result<std::string> signed_text(const Json& content,
                                std::span<const crypto::SigningKey* const> keys) {
  std::string out = unsigned_text(content);
  for (const auto* key : keys) {
    TRY(out, with_signature(out, *key));
  }
  return out;
}

}  // namespace muster::tuf
