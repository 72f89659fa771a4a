// release -- what may run in the field: artifacts by digest, and signed metadata whose sequence may
// not go back.
//
// An artifact is a file named by its SHA-256 and never changed. A release is metadata
// (wire/update.h) signed by a trusted release key; its sequence is higher than every earlier one of
// the model. The controller's own online key signs assignments (who is to run what), and releases
// only for who did not bring a key. It decides nothing about who gets a release.
//
// Domain thread only. Time comes from the Clock. Formats: docs/formats/release.md.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "crypto/key.h"
#include "ledger/ledger.h"
#include "release/forms.h"
#include "release/repository.h"
#include "store/store.h"
#include "wire/update.h"

namespace muster::release {

struct Artifact {
  std::string sha256;  // hex
  std::uint64_t size = 0;
  std::filesystem::path path;
};

struct Release {
  std::string id;  // SHA-256 of the canonical signed part, hex
  wire::ReleaseMetadata metadata;
  std::string envelope;                // exact text, as published
  std::vector<std::string> signed_by;  // key ids whose signatures verified
};

struct TrustedKey {
  std::string name, id, pem;
  bool online = false;  // the controller's own
};

class Releases {
 public:
  static Result<Releases> open(store::Store&, ledger::Ledger&, std::filesystem::path folder,
                               const crypto::SigningKey& online, const Clock&);
  Releases(Releases&&) noexcept;
  ~Releases();

  Result<void> trust_key(std::string name, crypto::PublicKey, ledger::Actor);
  std::vector<TrustedKey> keys() const;

  std::filesystem::path spool()
      const;  // where an upload is written before take_artifact; same file system
  Result<Artifact> take_artifact(
      const std::filesystem::path& spooled, ByteView sha256, std::uint64_t size,
      ByteView expected_sha256,
      ledger::Actor);  // moves the file in; corrupt when the digests differ (the file is removed).
                       // Repeats are harmless
  Result<Artifact> artifact(const std::string& sha256) const;

  Result<Release> publish(std::string_view envelope,
                          ledger::Actor);  // invalid signature, unknown key, missing artifact, a
                                           // sequence or version that is not newer: refused
  Result<Release> publish_online(ModelId, std::string version, std::string artifact_sha256,
                                 std::optional<std::uint64_t> floor, ledger::Actor,
                                 std::string floor_reason = {});
  const Release* find(const std::string& id) const;
  const Release* find(const ModelId&, std::string_view version) const;
  std::vector<const Release*> list(const std::optional<ModelId>&) const;  // newest first

  // Smaller forms of artifacts. next_packing: the next one that is worth making, of the newest
  // release of each model; packed: it is made, at packing.to, or (0) it saves nothing,
  // or (none) it could not be made, and is not tried again before the next start.
  std::optional<Packing> next_packing(const std::vector<InField>&) const;
  Result<void> packed(const Packing&, std::optional<std::uint64_t> size);
  Result<Form> form(const std::string& sha256, const Accepted&) const;  // the smallest

  // The TUF repository. publish_metadata() holds each target to be a release: its path is
  // "<model>/<version>", and its length, hash and custom members are those of the release.
  const Repository& repository() const;
  Result<void> publish_metadata(std::optional<std::string> root, std::optional<std::string> targets,
                                ledger::Actor);
  Result<bool> renew_metadata();  // when it is time to; true when it did
  // A target's bytes by their path in a consistent snapshot, "<model>/<sha256>.<version>".
  Result<Artifact> target_file(std::string_view path) const;

  // What a device gets on its updates topic, as text (wire::Offer): both envelopes, where to fetch
  // the artifact, and once the ledger's head has been signed over it, that the release is logged.
  Result<std::string> offer(const DeviceId&, const std::string& release_id, std::uint64_t number,
                            bool back) const;

 private:
  struct Vault;
  explicit Releases(std::unique_ptr<Vault>);
  std::unique_ptr<Vault> vault_;
};

}  // namespace muster::release
