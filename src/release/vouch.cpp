// What lets a device check a release beyond its envelope: the TUF repository, which may name
// releases only, and the proof that a release is in the ledger.
#include "release/internal/vault.h"
#include "wire/logged.h"

namespace muster::release {
namespace {

using wire::Json;

constexpr std::size_t looked_at = 16;  // entries about one release

std::unexpected<Error> no_release(const std::string& path, const std::string& why) {
  return fail(Fault::invalid, why, "/targets/signed/targets/" + path);
}

bool says(const Json& custom, std::string_view key, const Json& value) {
  const Json* given = custom.find(key);
  return given && *given == value;
}

}  // namespace

Result<void> Releases::Vault::check_target(const std::string& path,
                                           const tuf::Target& target) const {
  const std::size_t slash = path.find('/');
  const auto model = ModelId::parse(path.substr(0, slash), "");
  const auto of_model = model ? by_model.find(*model) : by_model.end();
  const Release* release = nullptr;
  if (slash != path.npos && of_model != by_model.end())
    for (const Release* each : of_model->second)
      if (each->metadata.version == path.substr(slash + 1)) release = each;
  if (!release)
    return no_release(path, "names no release; publish it first, and call it <model>/<version>");
  const auto& m = release->metadata;
  if (target.hashes.sha256 != m.artifact_sha256 || target.length != m.artifact_size)
    return no_release(path, "is not the artifact of that release");
  if (!says(target.custom, "model", m.model.text()) || !says(target.custom, "version", m.version) ||
      !says(target.custom, "sequence", m.sequence) || !says(target.custom, "floor", m.floor))
    return no_release(path, "its custom model, version, sequence and floor must be the release's");
  return {};
}

const Repository& Releases::repository() const {
  return *vault_->repository;
}

Result<void> Releases::publish_metadata(std::optional<std::string> root,
                                        std::optional<std::string> targets, ledger::Actor by) {
  return vault_->repository->publish(
      std::move(root), std::move(targets),
      [this](const std::string& path, const tuf::Target& target) {
        return vault_->check_target(path, target);
      },
      std::move(by));
}

Result<bool> Releases::renew_metadata() {
  return vault_->repository->renew();
}

Result<Artifact> Releases::target_file(std::string_view path) const {
  const std::size_t name = path.rfind('/') + 1;  // 0 when there is none
  const std::string sha256(path.substr(name, 64));
  if (wire::is_sha256_hex(sha256) && path.substr(name + 64).starts_with('.')) {
    const std::string plain =
        std::string(path.substr(0, name)) + std::string(path.substr(name + 65));
    const tuf::Target* target = vault_->repository->target(plain);
    if (target && target->hashes.sha256 == sha256) return artifact(sha256);
  }
  return fail(Fault::missing, "the repository has no such target");
}

Result<std::string> Releases::Vault::proof_of(const std::string& release_id) {
  if (const auto known = logged.find(release_id); known != logged.end()) return known->second;
  TRY(const auto entries, ledger.about("release/" + release_id, looked_at));
  for (const auto& one : entries) {
    const auto& head = ledger.checkpoint();
    if (one.entry.action != "release.published" || one.index >= head.size) continue;
    TRY(auto leaf, ledger.leaf(one.index));
    TRY(auto proof, ledger.inclusion(one.index, head.size));
    return logged[release_id] =
               wire::to_text(wire::Logged{std::move(leaf), one.index, head.note, std::move(proof)});
  }
  return std::string();
}

}  // namespace muster::release
