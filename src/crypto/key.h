// crypto/key -- public keys to verify with, signing keys to sign with.
//
// SigningKey is a seam: a file today, PKCS#11, a TPM or another process later; callers never see
// the private part. Algorithms: ECDSA P-256 / P-384 with SHA-256 / SHA-384 (DER signatures),
// Ed25519 (raw 64 octets, RFC 8032). Keys are written as PKCS#8 PEM, files 0600. A key may be used
// from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace muster::crypto {

enum class Algorithm { ecdsa_p256, ecdsa_p384, ed25519 };
const char* name_of(Algorithm);

enum class Digest { sha256, sha384, sha512 };

// A key made by default is empty: a place to assign to. It verifies nothing.
class PublicKey {
 public:
  static Result<PublicKey> from_spki(
      ByteView der);  // SubjectPublicKeyInfo; refuses other algorithms and bad points
  static Result<PublicKey> from_pem(std::string_view);  // "BEGIN PUBLIC KEY"
  Algorithm algorithm() const;
  const Bytes& spki() const;  // DER, as given
  std::string pem() const;
  Hash fingerprint() const;  // SHA-256 of the SPKI
  // Strict: an ECDSA signature must be canonical DER, each of r and s in range.
  bool verify(ByteView message, ByteView signature) const;
  // ECDSA by another digest than the curve's own, as requests and foreign certificates may have.
  bool verify(ByteView message, ByteView signature, Digest) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

class SigningKey {
 public:
  virtual ~SigningKey() = default;
  virtual const PublicKey& public_key() const = 0;
  virtual Result<Bytes> sign(ByteView message) const = 0;
};

class FileKey final : public SigningKey {
 public:
  static Result<FileKey> generate(Algorithm);
  static Result<FileKey> from_pem(std::string_view);
  static Result<FileKey> load(const std::filesystem::path&);
  // Loads the key, or makes one and writes it 0600, fsynced, before it returns.
  static Result<FileKey> load_or_make(const std::filesystem::path&, Algorithm);
  FileKey(FileKey&&) noexcept;
  FileKey& operator=(FileKey&&) noexcept;
  ~FileKey() override;

  const PublicKey& public_key() const override;
  Result<Bytes> sign(ByteView message) const override;
  std::string private_pem()
      const;  // for TLS contexts and for writing the agent's own key; handle with care

 private:
  struct State;
  explicit FileKey(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace muster::crypto
