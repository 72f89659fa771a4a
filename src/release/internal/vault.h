// release/vault -- what Releases keeps in memory: a cache of its tables, rebuilt at open. The
// domain's thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "crypto/key.h"
#include "ledger/ledger.h"
#include "release/release.h"
#include "store/store.h"

namespace muster::release {

struct Signer {
  TrustedKey key;
  crypto::PublicKey with;
};

struct Signed {  // the last assignment signed for a device
  std::uint64_t number = 0;
  std::string release_id;
  bool back = false;
  std::string envelope;
};

struct Releases::Vault {
  store::Store& store;
  ledger::Ledger& ledger;
  std::filesystem::path folder;
  const crypto::SigningKey& online;
  const Clock& clock;

  std::map<std::string, Signer> keys;              // by key id
  std::map<std::string, std::uint64_t> artifacts;  // digest in hex to size
  std::map<std::string, Release> releases;         // by id; never removed, so pointers are good
  std::map<ModelId, std::vector<const Release*>> by_model;  // oldest first
  std::vector<const Release*> in_order;                     // of publication, oldest first
  Forms forms;
  std::unordered_map<DeviceId, Signed> assignments;  // bounded; signed anew when let go
  std::map<std::string, std::string> logged = {};  // by release id: that it is in the ledger, text
  std::optional<Repository> repository = {};       // once open

  Result<void> load();
  Result<void> load_releases();
  Result<void> make_folders() const;
  void add_online_key();
  std::filesystem::path path_of(const std::string& sha256) const;

  void load_forms();
  std::filesystem::path path_of_form(const std::string& artifact, const std::string& base) const;
  std::optional<Packing> packing(const Release&, const std::string& base) const;
  std::vector<std::string> bases_of(const Release&, const std::vector<InField>&) const;

  const Release* latest(const ModelId&) const;
  Result<std::vector<std::string>> verify(const wire::Envelope&) const;  // ids of who signed
  Result<void> check_newer(const wire::ReleaseMetadata&) const;
  Result<void> check_artifact(const wire::ReleaseMetadata&) const;
  Release record(Release, ledger::Actor, bool asked_for_online_key);
  const Release& keep(Release);
  Result<std::string> sign_with_online_key(const wire::Json& content) const;  // an envelope
  Result<void> check_target(const std::string& path, const tuf::Target&) const;
  Result<std::string> proof_of(const std::string& release_id);  // empty: not under a head yet
};

std::string key_id(const crypto::PublicKey&);  // SHA-256 of its SubjectPublicKeyInfo, hex

}  // namespace muster::release
