// signer/folder -- the signer's own folder: its authority, made once, and its log.
//
//   keys/root.key      0600; needed only to make issuing.pem. It may be taken away afterwards
//   keys/issuing.key   0600; not there when the key is elsewhere, in a token
//   ca.pem             the fleet root, for clients
//   issuing.pem        the issuing CA
//   issuance.log       what was ever signed (signer/issuance_log.h)
//   rollover.journal   0600; the steps and keys of a rollover that is under way
//
// One thread; time comes from the Clock.
#pragma once

#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/certificate.h"

namespace muster::signer {

struct Folder {
  std::filesystem::path path;
  std::vector<crypto::Certificate> chain;  // issuing, then root

  // Makes what is missing; what is there stays as it is. `issuing`: the issuing key, which is then
  // not in the folder; none: a file in it.
  static Result<Folder> make(const std::filesystem::path&, const Clock&, Random&,
                             const crypto::PublicKey* issuing = nullptr);
  static Result<Folder> open(const std::filesystem::path&);  // missing when it was never made

  // Whether an issuing certificate was made: its key is then not to be made anew.
  static Result<bool> has_authority(const std::filesystem::path&);

  std::filesystem::path issuing_key() const { return path / "keys" / "issuing.key"; }
  std::filesystem::path root_key() const { return path / "keys" / "root.key"; }
  std::filesystem::path journal() const { return path / "rollover.journal"; }
  std::filesystem::path log() const { return path / "issuance.log"; }
};

}  // namespace muster::signer
