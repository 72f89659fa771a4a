// tuf/key -- keys as TUF metadata spells them, and what verifies with them (spec 1.0.34, 4.2).
//
//   keytype, scheme                          keyval.public
//   ed25519, ed25519                         64 hexadecimal digits
//   ecdsa, ecdsa-sha2-nistp256 or -nistp384  PEM, or the uncompressed point in hexadecimal
//   rsa, rsassa-pss-sha256                   PEM
//   rsa, rsa-pkcs1v15-sha256                 PEM
//
// A key of another kind, or one that does not read, is kept and verifies nothing: who else signed
// may be enough. Key ids are names, and are not recomputed; a signature counts for the key that
// made it, however many names that key has (tuf/metadata.h). Any thread.
#pragma once

#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/key.h"
#include "crypto/rsa.h"
#include "wire/json.h"

namespace muster::tuf {

class Key {
 public:
  // invalid when the members that every key has are not there.
  static Result<Key> read(const wire::Json&, const std::string& pointer);
  bool verify(ByteView message, ByteView signature) const;
  bool usable() const { return !std::holds_alternative<std::monostate>(with_); }
  const crypto::PublicKey* plain() const { return std::get_if<crypto::PublicKey>(&with_); }
  // Equal for two spellings of one key: its SubjectPublicKeyInfo; of an unusable one, its text.
  const std::string& identity() const { return identity_; }

 private:
  std::variant<std::monostate, crypto::PublicKey, crypto::RsaVerifier> with_;
  bool pss_ = false;
  std::string identity_;
};

// How we publish a key of ours, and the id of it: SHA-256 of its canonical text, in hexadecimal.
wire::Json to_json(const crypto::PublicKey&);
std::string key_id(const crypto::PublicKey&);

}  // namespace muster::tuf
