// signer/authority -- the CAs that this signer holds: the one that issues, and while a rollover is
// under way the one that comes or the one that was.
//
// A rollover's keys are made here and never leave but into its journal, which only the signer's
// user reads. open() is called before the sandbox closes; it also settles what is over: after
// finish() the new keys take the old ones' places on the disk, which are gone then, and after
// abort() the new ones are. Until that start both are there. A step is durable when its call
// returns. Who may order it, and when, is the keeper's question. One thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/random.h"
#include "crypto/key.h"
#include "signer/folder.h"
#include "signer/rollover.h"

namespace muster::signer {

class Journal;
enum class Mark : std::uint8_t;

class Authority {
 public:
  static Result<Authority> open(const Folder&);
  // That of a key that is elsewhere; it has no root key and does not roll over.
  static Result<Authority> of(std::vector<crypto::Certificate> chain, const crypto::SigningKey&);
  Authority(Authority&&) noexcept;
  ~Authority();

  const Authorities& state() const { return state_; }  // without device_life_max
  const crypto::SigningKey& key() const { return *key_; }
  // By its subject key identifier; empty: that which issues. None: none that is held.
  struct Issuer {
    const crypto::Certificate* certificate = nullptr;
    const crypto::SigningKey* key = nullptr;
    bool current = false;
  };
  std::optional<Issuer> find(ByteView key_id) const;

  struct Draft {  // what begin() makes durable
    crypto::Serial id{};
    Scope scope = Scope::whole;
    Generation next;
    std::optional<crypto::Certificate> new_with_old, old_with_new;
    std::string root_pem;  // secret
    std::unique_ptr<crypto::FileKey> issuing;
  };
  // Keys and certificates of the next generation; nothing is kept yet. missing: the root's key is
  // not here; unavailable: it is, and cannot be read.
  Result<std::unique_ptr<Draft>> draft(const RolloverOrder&, Instant now, Random&) const;
  static std::vector<crypto::Certificate> certificates(const Draft&);
  Result<void> begin(std::unique_ptr<Draft>);
  Result<void> switch_over();
  Result<void> finish();
  Result<void> abort();

 private:
  Authority();
  Result<crypto::FileKey> root_key() const;
  Result<std::string> root_pem() const;
  Result<void> replay(const struct Entry&);
  Result<void> settle(const Folder&) const;
  Result<void> note(Mark);
  void install(std::unique_ptr<Draft>);
  void swap();

  Authorities state_;
  std::unique_ptr<crypto::FileKey> own_, other_;
  const crypto::SigningKey* key_ = nullptr;  // own_, or that of of()
  std::string root_pem_, other_root_pem_;    // secret; empty: on the disk, or not here
  Descriptor root_file_;
  int root_errno_ = 0;  // why that is closed
  std::unique_ptr<Journal> journal_;
  bool replaced_ = false;  // a finished rollover is not on the disk but in the journal
};

}  // namespace muster::signer
