// What may become a release: signed by who is trusted, newer than all before it, and of an artifact
// that is here.
#include <algorithm>

#include "release/internal/vault.h"

namespace muster::release {
namespace {

std::string joined(const std::vector<std::string>& ids) {
  std::string out;
  for (const auto& id : ids) out += id;
  return out;
}

wire::Json ledger_json_of(const Release& release, bool asked_for_online_key) {
  const auto& m = release.metadata;
  auto signed_by = wire::Json::array();
  for (const auto& id : release.signed_by) signed_by.push(id);
  auto json = wire::Json::object({{"model", m.model.text()},
                                  {"version", m.version},
                                  {"sequence", m.sequence},
                                  {"floor", m.floor},
                                  {"artifact", m.artifact_sha256},
                                  {"size", m.artifact_size},
                                  {"signed_by", std::move(signed_by)},
                                  {"online_key_asked_for", asked_for_online_key}});
  if (!m.floor_reason.empty()) json.set("floor_reason", m.floor_reason);
  return json;
}

std::unexpected<Error> of_envelope(Error error) {
  error.message = "the envelope does not read: " + error.message;
  return std::unexpected(std::move(error));
}

}  // namespace

const Release* Releases::Vault::latest(const ModelId& model) const {
  const auto at = by_model.find(model);
  return at == by_model.end() ? nullptr : at->second.back();
}

// A signature of a key that is not trusted proves nothing and does no harm; a wrong one of a key
// that is means that what we hold is not what was signed.
Result<std::vector<std::string>> Releases::Vault::verify(const wire::Envelope& envelope) const {
  std::vector<std::string> signed_by;
  for (const auto& signature : envelope.signatures) {
    const auto at = keys.find(signature.keyid);
    if (at == keys.end()) continue;
    if (!at->second.with.verify(bytes_of(envelope.signed_bytes), signature.signature))
      return fail(Fault::invalid,
                  "the signature of key " + at->second.key.name +
                      " does not verify; sign the canonical text of the metadata again",
                  "/signatures");
    signed_by.push_back(signature.keyid);
  }
  if (signed_by.empty())
    return fail(Fault::invalid,
                "no trusted key signed this release; trust its key first, or sign with one that is",
                "/signatures");
  return signed_by;
}

Result<void> Releases::Vault::check_newer(const wire::ReleaseMetadata& m) const {
  const Release* before = latest(m.model);
  if (!before) return {};
  const auto& last = before->metadata;
  const auto order = wire::compare_versions(m.version, last.version);
  if (order < 0)
    return fail(Fault::conflict,
                m.version + " is older than " + last.version +
                    ", which is published; a release may not go back",
                "/version");
  if (order == 0)
    return fail(
        Fault::conflict,
        m.version + " is published already as " + last.version + "; give it a higher version",
        "/version");
  if (m.sequence <= last.sequence)
    return fail(Fault::conflict,
                "sequence " + std::to_string(m.sequence) + " is not above " +
                    std::to_string(last.sequence) + ", that of " + last.version +
                    "; a release may not go back",
                "/sequence");
  if (m.floor < last.floor)
    return fail(Fault::conflict,
                "floor " + std::to_string(m.floor) + " is below " + std::to_string(last.floor) +
                    ", that of " + last.version + "; a floor may not sink",
                "/floor");
  return {};
}

Result<void> Releases::Vault::check_artifact(const wire::ReleaseMetadata& m) const {
  const auto at = artifacts.find(m.artifact_sha256);
  if (at == artifacts.end())
    return fail(Fault::missing,
                "the artifact " + m.artifact_sha256 + " is not here; upload it before its release",
                "/artifact_sha256");
  if (at->second != m.artifact_size)
    return fail(Fault::invalid,
                "the artifact has " + std::to_string(at->second) + " octets, the release says " +
                    std::to_string(m.artifact_size),
                "/artifact_size");
  return {};
}

Release Releases::Vault::record(Release release, ledger::Actor by, bool asked_for_online_key) {
  const auto signed_by = joined(release.signed_by);
  ledger
      .record({std::move(by), "release.published", "release/" + release.id,
               ledger_json_of(release, asked_for_online_key)})
      .write("INSERT INTO release_release(place, id, envelope, signed_by) VALUES(?,?,?,?)",
             {static_cast<std::int64_t>(in_order.size()), release.id, release.envelope, signed_by});
  return keep(std::move(release));
}

Result<Release> Releases::publish(std::string_view text, ledger::Actor by) {
  auto envelope = wire::parse_envelope(text);
  if (!envelope) return of_envelope(std::move(envelope.error()));
  auto metadata = wire::read_release(envelope->content);
  if (!metadata) return of_envelope(std::move(metadata.error()));
  const auto id = to_hex(crypto::sha256(bytes_of(envelope->signed_bytes)));
  TRY(auto signed_by, vault_->verify(*envelope));
  if (const Release* known = find(id)) return *known;
  TRY_VOID(vault_->check_newer(*metadata));
  TRY_VOID(vault_->check_artifact(*metadata));
  return vault_->record({id, std::move(*metadata), std::string(text), std::move(signed_by)},
                        std::move(by), false);
}

Result<Release> Releases::publish_online(ModelId model, std::string version,
                                         std::string artifact_sha256,
                                         std::optional<std::uint64_t> floor, ledger::Actor by,
                                         std::string floor_reason) {
  if (!is_name(model.text())) return fail(Fault::invalid, "a release needs a model", "/model");
  if (!wire::is_version(version))
    return fail(Fault::invalid,
                "must be 1 to 3 numbers and perhaps a suffix, such as 1.4.2 or 2.0.0-rc.1",
                "/version");
  const auto taken = vault_->artifacts.find(artifact_sha256);
  if (taken == vault_->artifacts.end())
    return fail(Fault::missing, "the artifact is not here; upload it before its release",
                "/artifact_sha256");
  const Release* before = vault_->latest(model);
  wire::ReleaseMetadata m{.model = std::move(model),
                          .version = std::move(version),
                          .sequence = before ? before->metadata.sequence + 1 : 1,
                          .floor = floor.value_or(before ? before->metadata.floor : 0),
                          .artifact_sha256 = std::move(artifact_sha256),
                          .artifact_size = taken->second,
                          .published = vault_->clock.now()};
  if (m.floor > m.sequence)
    return fail(Fault::invalid,
                "floor " + std::to_string(m.floor) + " is above the sequence of this release, " +
                    std::to_string(m.sequence),
                "/floor");
  TRY_VOID(vault_->check_newer(m));
  const bool same_floor = before && before->metadata.floor == m.floor;
  m.floor_reason =
      floor_reason.empty() && same_floor ? before->metadata.floor_reason : std::move(floor_reason);
  const auto content = wire::to_json(m);
  TRY_VOID(wire::read_release(content));  // the rules of what is signed
  TRY(auto envelope, vault_->sign_with_online_key(content));
  return vault_->record({to_hex(crypto::sha256(bytes_of(wire::canonical(content)))),
                         std::move(m),
                         std::move(envelope),
                         {key_id(vault_->online.public_key())}},
                        std::move(by), true);
}

}  // namespace muster::release
