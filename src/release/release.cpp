#include "release/release.h"

#include <algorithm>

#include "release/internal/vault.h"

namespace muster::release {
namespace {

constexpr std::size_t keys_max = 64;
constexpr std::size_t assignments_max = 65'536;

constexpr const char* steps[] = {
    "CREATE TABLE release_artifact(sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE release_key(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, pem TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE release_release(place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " envelope TEXT NOT NULL, signed_by TEXT NOT NULL)"};

Result<void> check_key_name(std::string_view name) {
  const bool printable =
      std::ranges::all_of(name, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  if (!name.empty() && name.size() <= 64 && printable) return {};
  return fail(Fault::invalid, "a key's name is 1 to 64 printable characters", "/name");
}

std::vector<std::string> split(const std::string& ids) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at + 64 <= ids.size(); at += 64) out.push_back(ids.substr(at, 64));
  return out;
}

}  // namespace

std::string key_id(const crypto::PublicKey& key) {
  return to_hex(key.fingerprint());
}

Releases::Releases(std::unique_ptr<Vault> vault) : vault_(std::move(vault)) {}
Releases::Releases(Releases&&) noexcept = default;
Releases::~Releases() = default;

Result<Releases> Releases::open(store::Store& store, ledger::Ledger& ledger,
                                std::filesystem::path folder, const crypto::SigningKey& online,
                                const Clock& clock) {
  TRY_VOID(store.migrate("release", steps));
  auto vault = std::make_unique<Vault>(store, ledger, std::move(folder), online, clock);
  TRY_VOID(vault->make_folders());
  TRY_VOID(vault->load());
  TRY(auto repository, Repository::open(store, ledger, online, clock));
  vault->repository.emplace(std::move(repository));
  return Releases(std::move(vault));
}

Result<void> Releases::Vault::load() {
  auto trusted = store.read("SELECT id, name, pem FROM release_key");
  while (trusted.next()) {
    const std::string id = trusted.text(0), pem = trusted.text(2);
    TRY(auto with, crypto::PublicKey::from_pem(pem));
    keys.emplace(id, Signer{{trusted.text(1), id, pem}, std::move(with)});
  }
  add_online_key();
  auto taken = store.read("SELECT sha256, size FROM release_artifact");
  while (taken.next())
    artifacts.emplace(taken.text(0), static_cast<std::uint64_t>(taken.integer(1)));
  TRY_VOID(load_releases());
  load_forms();
  return {};
}

void Releases::Vault::add_online_key() {
  const auto& key = online.public_key();
  keys[key_id(key)] = {{"online", key_id(key), key.pem(), true}, key};
}

Result<void> Releases::Vault::load_releases() {
  auto rows = store.read("SELECT id, envelope, signed_by FROM release_release ORDER BY place");
  while (rows.next()) {
    Release release{rows.text(0), {}, rows.text(1), split(rows.text(2))};
    TRY(auto envelope, wire::parse_envelope(release.envelope));
    if (to_hex(crypto::sha256(bytes_of(envelope.signed_bytes))) != release.id)
      return fail(Fault::corrupt, "release " + release.id +
                                      " in the store is not what was published; restore a backup");
    TRY(release.metadata, wire::read_release(envelope.content));
    keep(std::move(release));
  }
  return {};
}

const Release& Releases::Vault::keep(Release release) {
  const auto& kept = releases.emplace(release.id, release).first->second;
  by_model[kept.metadata.model].push_back(&kept);
  in_order.push_back(&kept);
  return kept;
}

Result<void> Releases::trust_key(std::string name, crypto::PublicKey key, ledger::Actor by) {
  TRY_VOID(check_key_name(name));
  const std::string id = key_id(key);
  if (const auto known = vault_->keys.find(id); known != vault_->keys.end()) {
    if (known->second.key.name == name) return {};
    return fail(Fault::conflict, "this key is trusted already, as " + known->second.key.name);
  }
  if (vault_->keys.size() >= keys_max)
    return fail(Fault::exhausted, "64 release keys are trusted; no more are taken");
  for (const auto& [other, signer] : vault_->keys)
    if (signer.key.name == name)
      return fail(Fault::conflict, "another key is called " + name, "/name");
  const std::string pem = key.pem();
  vault_->ledger
      .record(
          {std::move(by), "key.trusted", "key/" + id,
           wire::Json::object({{"name", name}, {"algorithm", crypto::name_of(key.algorithm())}})})
      .write("INSERT INTO release_key(id, name, pem) VALUES(?,?,?)", {id, name, pem});
  vault_->keys.emplace(id, Signer{{std::move(name), id, pem}, std::move(key)});
  return {};
}

std::vector<TrustedKey> Releases::keys() const {
  std::vector<TrustedKey> out;
  for (const auto& [id, signer] : vault_->keys) out.push_back(signer.key);
  return out;
}

const Release* Releases::find(const std::string& id) const {
  const auto at = vault_->releases.find(id);
  return at == vault_->releases.end() ? nullptr : &at->second;
}

const Release* Releases::find(const ModelId& model, std::string_view version) const {
  const auto at = vault_->by_model.find(model);
  if (at == vault_->by_model.end()) return nullptr;
  for (const Release* release : at->second)
    if (release->metadata.version == version) return release;
  return nullptr;
}

std::vector<const Release*> Releases::list(const std::optional<ModelId>& model) const {
  if (!model) return {vault_->in_order.rbegin(), vault_->in_order.rend()};
  const auto at = vault_->by_model.find(*model);
  if (at == vault_->by_model.end()) return {};
  return {at->second.rbegin(), at->second.rend()};
}

Result<std::string> Releases::Vault::sign_with_online_key(const wire::Json& content) const {
  TRY(auto signature, online.sign(bytes_of(wire::canonical(content))));
  return wire::envelope_text(content, {{key_id(online.public_key()), std::move(signature)}});
}

Result<std::string> Releases::offer(const DeviceId& device, const std::string& release_id,
                                    std::uint64_t number, bool back) const {
  const Release* release = find(release_id);
  if (!release) return fail(Fault::missing, "there is no release " + release_id);
  auto& signed_before = vault_->assignments;
  auto at = signed_before.find(device);
  const bool same = at != signed_before.end() && at->second.number == number &&
                    at->second.release_id == release_id && at->second.back == back;
  if (!same) {
    TRY(auto envelope, vault_->sign_with_online_key(wire::to_json(wire::Assignment{
                           device, number, release_id, back, vault_->clock.now()})));
    if (signed_before.size() >= assignments_max) signed_before.clear();
    at = signed_before
             .insert_or_assign(device, Signed{number, release_id, back, std::move(envelope)})
             .first;
  }
  TRY(const std::string logged, vault_->proof_of(release_id));
  return wire::offer_text(release->envelope, at->second.envelope,
                          "/artifacts/sha256/" + release->metadata.artifact_sha256, logged);
}

}  // namespace muster::release
