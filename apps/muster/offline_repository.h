// muster/offline_repository -- the folder of TUF metadata on a release engineer's machine: every
// version of root and targets that was made here, by name, "2.root.json", "5.targets.json".
//
// It is where they gain their signatures, from one engineer after the other; the folder travels by
// whatever means they like, since it holds nothing secret. The controller takes what is signed and
// adds the rest. Main thread; blocks.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/key.h"
#include "pkcs11/token.h"
#include "tuf/metadata.h"
#include "tuf/publish.h"

namespace muster {

// A key as a person names it: a file with a private or a public key (PEM), or a key in a token
// (PKCS#11 URI). One that is public only takes part, and signs nothing here.
class NamedKey {
 public:
  static Result<NamedKey> open(const std::string& named);
  const crypto::PublicKey& public_key() const { return public_key_; }
  const crypto::SigningKey* signer() const {  // null: public only
    return file_ ? &*file_ : static_cast<const crypto::SigningKey*>(token_.key.get());
  }

 private:
  std::optional<crypto::FileKey> file_;
  pkcs11::KeyInToken token_;
  crypto::PublicKey public_key_;
};

struct Metadata {
  std::int64_t version = 0;  // 0: there is none
  std::filesystem::path file;
  std::string text;
};

class OfflineRepository {
 public:
  explicit OfflineRepository(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<Metadata> latest(const char* role) const;  // "root" or "targets"
  Result<Metadata> at(const char* role, std::int64_t version) const;
  Result<void> write(const char* role, std::int64_t version, const std::string& text) const;

  // Signs the newest root and the newest targets with each key that counts for them. What it did is
  // told line by line.
  Result<void> sign(const std::vector<NamedKey>&,
                    const std::function<void(const std::string&)>& tell) const;
  // Whether a text has the signatures that it needs, in words, and how many are missing.
  Result<void> check(const Metadata& root) const;
  Result<void> check_targets(const Metadata& targets, const Metadata& root) const;

 private:
  Result<bool> counts(const crypto::PublicKey&, const char* role, const Metadata& root) const;
  std::filesystem::path folder_;
};

}  // namespace muster
