#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Result<Reply> list(Context& c) {
  std::optional<ModelId> model;
  if (auto text = c.text("model"); !text.empty()) {
    TRY(model, ModelId::parse(text, "?model"));
  }
  return page_in_order(c, c.domain.releases.list(model),
                       [](const release::Release* release) { return release_json(*release); });
}

Result<Reply> show(Context& c) {
  const auto* release = c.domain.releases.find(c.path[0]);
  if (!release) return fail(Fault::missing, "there is no release " + c.path[0].substr(0, 64));
  Json body = release_json(*release);
  TRY(auto envelope, wire::parse_json(release->envelope));
  body.set("envelope", std::move(envelope));
  return Reply{.body = std::move(body)};
}

// "sha-256=:<base64>:" (RFC 9530).
Result<Bytes> content_digest(Context& c) {
  const auto* header = c.request.header("Content-Digest");
  constexpr std::string_view begin = "sha-256=:";
  if (!header || !header->starts_with(begin) || !header->ends_with(":") ||
      header->size() < begin.size() + 2)
    return fail(Fault::invalid, "an artifact needs Content-Digest: sha-256=:<base64>: (RFC 9530)",
                "Content-Digest");
  return about(from_base64(std::string_view(*header).substr(begin.size(),
                                                            header->size() - begin.size() - 1)),
               "Content-Digest");
}

Result<Reply> take_artifact(Context& c) {
  TRY(auto expected, content_digest(c));
  TRY(auto artifact, c.domain.releases.take_artifact(c.request.spooled, c.request.spooled_sha256,
                                                     c.request.spooled_bytes, expected, c.actor()));
  return Reply{.status = 201,
               .body = Json::object({{"digest", artifact.sha256}, {"size", artifact.size}})};
}

Result<Reply> publish(Context& c) {
  ObjectReader in(c.body);
  Result<release::Release> published = fail(Fault::internal, "not published");
  if (c.body.find("envelope")) {
    const Json envelope = in.any("envelope");
    TRY_VOID(in.done());
    published = c.domain.releases.publish(wire::to_text(envelope), c.actor());
  } else {
    const std::string name = in.text("model", 64), version = in.text("version", 32),
                      digest = in.text("digest", 64);
    std::optional<std::uint64_t> floor;
    if (c.body.find("floor"))
      floor = static_cast<std::uint64_t>(in.integer("floor", 0, std::int64_t{1} << 53));
    std::string floor_reason = in.text_or("floor_reason", "", wire::floor_reason_max);
    TRY_VOID(in.done());
    TRY(auto model, ModelId::parse(name, "/model"));
    published = c.domain.releases.publish_online(std::move(model), version, digest, floor,
                                                 c.actor(), std::move(floor_reason));
  }
  if (!published) return std::unexpected(published.error());
  return Reply{.status = 201,
               .body = release_json(*published),
               .headers = {{"Location", "/api/v1/releases/" + published->id}}};
}

Result<Reply> keys(Context& c) {
  return page_in_order(c, c.domain.releases.keys(), [](const release::TrustedKey& key) {
    return Json::object(
        {{"name", key.name}, {"id", key.id}, {"online", key.online}, {"public_key_pem", key.pem}});
  });
}

Result<Reply> trust_key(Context& c) {
  ObjectReader in(c.body);
  const std::string name = in.text("name", 64), pem = in.text("public_key_pem", 4096);
  TRY_VOID(in.done());
  TRY(auto key, about(crypto::PublicKey::from_pem(pem), "/public_key_pem"));
  TRY_VOID(c.domain.releases.trust_key(name, std::move(key), c.actor()));
  return Reply{.status = 201, .body = Json::object({{"name", name}})};
}

Result<Reply> repository(Context& c) {
  const auto& repository = c.domain.releases.repository();
  const auto now = repository.status();
  const auto time = [&](Instant t) { return repository.empty() ? Json() : Json(rfc3339(t)); };
  return Reply{.body = Json::object({{"root_version", now.root},
                                     {"root_expires_at", time(now.root_expires)},
                                     {"targets_version", now.targets},
                                     {"targets_expires_at", time(now.targets_expires)},
                                     {"snapshot_version", now.snapshot},
                                     {"timestamp_version", now.timestamp},
                                     {"timestamp_expires_at", time(now.timestamp_expires)},
                                     {"releases", now.releases},
                                     {"online_key_id", now.online_key_id},
                                     {"online_key_pem", now.online_key_pem}})};
}

// Metadata as it was signed; white space is not signed, and is not kept.
Result<Reply> publish_repository(Context& c) {
  ObjectReader in(c.body);
  std::optional<std::string> root, targets;
  if (const Json* given = in.maybe("root")) root = wire::to_text(*given);
  if (const Json* given = in.maybe("targets")) targets = wire::to_text(*given);
  TRY_VOID(in.done());
  TRY_VOID(c.domain.releases.publish_metadata(std::move(root), std::move(targets), c.actor()));
  return repository(c);
}

constexpr Route routes[] = {
    {"GET", "/api/v1/releases", Role::viewer, list},
    {"POST", "/api/v1/releases", Role::operator_, publish},
    {"GET", "/api/v1/releases/{id}", Role::viewer, show},
    {"POST", "/api/v1/artifacts", Role::operator_, take_artifact},
    {"GET", "/api/v1/release-keys", Role::viewer, keys},
    {"POST", "/api/v1/release-keys", Role::admin, trust_key},
    {"GET", "/api/v1/repository", Role::viewer, repository},
    {"POST", "/api/v1/repository", Role::operator_, publish_repository},
};

}  // namespace

std::span<const Route> release_routes() {
  return routes;
}

}  // namespace muster::api
