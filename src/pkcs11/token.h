// pkcs11/token -- a PKCS#11 token, and the keys in it: made there, signing there, never leaving it.
//
// The module is loaded, a session is opened and logged in when the Token is opened, and again by
// itself when the token was taken out or its module lost it. The PIN is read from its file at each
// login and kept nowhere. Tokens lock: it is not tried when one try is left, nor again by who saw
// it refused. Errors name the token and the key, and never the PIN.
//
// Any thread, one at a time. A call blocks for as long as the token takes: who cannot wait puts it
// in a process of its own (pkcs11/apart.h). Reads no clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "crypto/key.h"
#include "pkcs11/uri.h"

namespace muster::pkcs11 {

class Token;

// What a token signs of a message: ECDSA the curve's digest of it, Ed25519 the message itself.
Bytes prepared(crypto::Algorithm, ByteView message);

// The Token outlives it.
class Key final : public crypto::SigningKey {
 public:
  const crypto::PublicKey& public_key() const override { return public_key_; }
  Result<Bytes> sign(ByteView message) const override;
  Result<Bytes> sign_prepared(ByteView) const;
  const Bytes& id() const { return id_; }  // CKA_ID

 private:
  friend class Token;
  Key(const Token& token, std::string label, Bytes id, crypto::PublicKey key)
      : token_(token), label_(std::move(label)), id_(std::move(id)), public_key_(std::move(key)) {}
  const Token& token_;
  std::string label_;
  Bytes id_;
  crypto::PublicKey public_key_;
};

class Token {
 public:
  // The one token that the URI means; what it says of an object is not looked at. missing: there is
  // none; conflict: there are several; unauthorized: the PIN is wrong.
  static Result<std::unique_ptr<Token>> open(Uri);
  Token(const Token&) = delete;
  ~Token();

  // The one key with this label and id (empty: any). It has signed, and its public key agreed.
  Result<std::unique_ptr<Key>> key(const std::string& label, const Bytes& id) const;
  Result<std::unique_ptr<Key>> make_key(crypto::Algorithm, const std::string& label,
                                        const Bytes& id) const;
  Result<std::vector<Bytes>> ids_of(const std::string& label) const;  // of private keys
  Result<void> remove(const Bytes& id) const;  // both its halves; not being there is no failure

 private:
  friend class Key;
  struct State;
  explicit Token(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

struct KeyInToken {
  std::unique_ptr<Token> token;
  std::unique_ptr<Key> key;
};

// The key that the URI means. `make`: one of this algorithm is made, by the URI's object and id,
// when there is none.
Result<KeyInToken> open_key(const std::string& uri, std::optional<crypto::Algorithm> make, Random&);

}  // namespace muster::pkcs11
