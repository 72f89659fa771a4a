#include "release/forms.h"

#include <algorithm>
#include <system_error>

#include "base/file.h"
#include "release/internal/vault.h"

namespace muster::release {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t bases_max = 8;      // of one release
constexpr std::size_t releases_back = 3;  // when nobody says what runs

}  // namespace

void Forms::add(const std::string& artifact, const std::string& base, std::uint64_t size) {
  sizes_[{artifact, base}] = size;
}

bool Forms::known(const std::string& artifact, const std::string& base) const {
  return sizes_.contains({artifact, base});
}

std::optional<std::uint64_t> Forms::size(const std::string& artifact,
                                         const std::string& base) const {
  const auto at = sizes_.find({artifact, base});
  if (at == sizes_.end() || at->second == 0) return std::nullopt;
  return at->second;
}

std::string Forms::name_of(const std::string& artifact, const std::string& base) {
  return base.empty() ? artifact + ".zstd" : artifact + "." + base + ".dcz";
}

std::optional<std::pair<std::string, std::string>> Forms::parse_name(std::string_view name) {
  const std::string artifact(name.substr(0, 64));
  if (!wire::is_sha256_hex(artifact)) return std::nullopt;
  if (name.substr(64) == ".zstd") return std::pair{artifact, std::string()};
  if (name.size() != 64 + 1 + 64 + 4 || name[64] != '.' || !name.ends_with(".dcz"))
    return std::nullopt;
  const std::string base(name.substr(65, 64));
  if (!wire::is_sha256_hex(base)) return std::nullopt;
  return std::pair{artifact, base};
}

// --- of Releases ---

fs::path Releases::Vault::path_of_form(const std::string& artifact, const std::string& base) const {
  return path_of(artifact).parent_path() / Forms::name_of(artifact, base);
}

void Releases::Vault::load_forms() {
  std::error_code why;  // a folder that does not read has no forms; artifacts go as they are
  std::set<fs::path> folders;
  for (const auto& [sha256, size] : artifacts) folders.insert(path_of(sha256).parent_path());
  for (const auto& folder_of_some : folders)
    for (const auto& entry : fs::directory_iterator(folder_of_some, why)) {
      const auto form = Forms::parse_name(entry.path().filename().string());
      if (!form || !artifacts.contains(form->first)) continue;
      const auto size = entry.file_size(why);
      if (!why) forms.add(form->first, form->second, size);
    }
}

std::optional<Packing> Releases::Vault::packing(const Release& release,
                                                const std::string& base) const {
  const auto& artifact = release.metadata.artifact_sha256;
  if (forms.known(artifact, base) || artifact == base) return std::nullopt;
  if (!base.empty() && !delta::may_patch(artifacts.at(base), release.metadata.artifact_size))
    return std::nullopt;
  return Packing{artifact, base, path_of(artifact), base.empty() ? fs::path() : path_of(base),
                 folder / "spool" / Forms::name_of(artifact, base)};
}

// What runs in the field comes first to be patched, then what was published last.
std::vector<std::string> Releases::Vault::bases_of(const Release& release,
                                                   const std::vector<InField>& field) const {
  std::vector<std::string> bases;
  const auto& all = by_model.at(release.metadata.model);
  for (const auto& each : field)
    if (each.model == release.metadata.model)
      for (const Release* other : all)
        if (other->metadata.version == each.version)
          bases.push_back(other->metadata.artifact_sha256);
  if (bases.empty())
    for (auto at = all.rbegin(); at != all.rend() && bases.size() <= releases_back; ++at)
      bases.push_back((*at)->metadata.artifact_sha256);
  if (bases.size() > bases_max) bases.resize(bases_max);
  return bases;
}

std::optional<Packing> Releases::next_packing(const std::vector<InField>& field) const {
  for (const auto& [model, all] : vault_->by_model) {
    const Release& newest = *all.back();
    if (auto compressed = vault_->packing(newest, "")) return compressed;
    for (const auto& base : vault_->bases_of(newest, field))
      if (auto patch = vault_->packing(newest, base)) return patch;
  }
  return std::nullopt;
}

Result<void> Releases::packed(const Packing& packing, std::optional<std::uint64_t> size) {
  const auto to = vault_->path_of_form(packing.artifact, packing.base);
  if (size == 0) {
    TRY_VOID(write_file(to, "", 0600));
  } else if (size) {
    std::error_code why;
    fs::rename(packing.to, to, why);
    if (why)
      return fail(Fault::unavailable,
                  "cannot move a form to " + to.string() + ": " + why.message());
    TRY_VOID(sync_folder(to.parent_path()));
  }
  vault_->forms.add(packing.artifact, packing.base, size.value_or(0));
  return {};
}

Result<Form> Releases::form(const std::string& sha256, const Accepted& accepted) const {
  TRY(const auto artifact, this->artifact(sha256));
  const auto& forms = vault_->forms;
  Form best{.tag = '"' + sha256 + '"', .path = artifact.path, .size = artifact.size};
  if (const auto size = forms.size(sha256, ""); accepted.zstd && size && *size < best.size)
    best = {.coding = delta::Coding::zstd,
            .tag = '"' + sha256 + "-zstd\"",
            .path = vault_->path_of_form(sha256, ""),
            .size = *size};
  const auto patch =
      accepted.dictionary.empty() ? std::nullopt : forms.size(sha256, accepted.dictionary);
  if (patch && *patch < best.size)
    best = {.coding = delta::Coding::dcz,
            .tag = '"' + sha256 + "-dcz-" + accepted.dictionary.substr(0, 16) + '"',
            .path = vault_->path_of_form(sha256, accepted.dictionary),
            .size = *patch};
  return best;
}

}  // namespace muster::release
