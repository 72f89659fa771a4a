#include "crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <new>
#include <span>

#include "crypto/internal/algorithm.h"
#include "crypto/internal/key_file.h"
#include "crypto/internal/openssl.h"
#include "crypto/internal/pem.h"

namespace muster::crypto {
namespace {

constexpr std::size_t pem_bytes_max = 64 * 1024;
constexpr std::size_t signature_bytes_max = 128;  // a P-384 signature in DER has at most 104
constexpr std::size_t ed25519_signature_bytes = 64;

std::size_t scalar_octets(Algorithm algorithm) {
  return algorithm == Algorithm::ecdsa_p384 ? 48 : 32;
}

const EVP_MD* fetched(Digest digest) {
  static const DigestHandle sha384{EVP_MD_fetch(nullptr, "SHA384", nullptr)};
  static const DigestHandle sha512{EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  return digest == Digest::sha384 ? sha384.get() : sha512.get();
}

struct Digested {
  std::array<std::uint8_t, 64> octets;
  std::size_t size = 0;
  ByteView view() const { return ByteView(octets).first(size); }
};

Digested digested(Digest digest, ByteView message) {
  Digested out;
  if (digest == Digest::sha256) {
    const Hash hash = sha256(message);
    std::copy(hash.begin(), hash.end(), out.octets.begin());
    out.size = hash.size();
    return out;
  }
  unsigned size = 0;
  if (EVP_Digest(message.data(), message.size(), out.octets.data(), &size, fetched(digest),
                 nullptr) != 1)
    throw std::bad_alloc();
  out.size = size;
  return out;
}

KeyHandle make_ec_key(const char* group, ByteView point) {
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(group), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                        const_cast<std::uint8_t*>(point.data()), point.size()),
      OSSL_PARAM_construct_end()};
  const KeyContextHandle context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  EVP_PKEY* key = nullptr;
  if (context && EVP_PKEY_fromdata_init(context.get()) == 1)
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                      const_cast<OSSL_PARAM*>(parameters));
  return KeyHandle(key);
}

KeyHandle make_key(const SubjectKey& subject) {
  switch (subject.algorithm) {
    case Algorithm::ecdsa_p256:
      return make_ec_key("P-256", subject.point);
    case Algorithm::ecdsa_p384:
      return make_ec_key("P-384", subject.point);
    case Algorithm::ed25519:
      break;
  }
  return KeyHandle(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, subject.point.data(),
                                                  subject.point.size()));
}

bool verify_ecdsa(EVP_PKEY* key, ByteView digest, ByteView signature) {
  const KeyContextHandle context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  return context && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(),
                         digest.size()) == 1;
}

bool verify_ed25519(EVP_PKEY* key, ByteView message, ByteView signature) {
  const DigestContextHandle context{EVP_MD_CTX_new()};
  return context &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) ==
             1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

// Both return the octets of the signature, 0 when OpenSSL refuses.
std::size_t sign_ecdsa(EVP_PKEY* key, ByteView digest, std::span<std::uint8_t> out) {
  std::size_t size = out.size();
  const KeyContextHandle context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  const bool done =
      context && EVP_PKEY_sign_init(context.get()) == 1 &&
      EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()) == 1;
  return done ? size : 0;
}

std::size_t sign_ed25519(EVP_PKEY* key, ByteView message, std::span<std::uint8_t> out) {
  std::size_t size = out.size();
  const DigestContextHandle context{EVP_MD_CTX_new()};
  const bool done =
      context &&
      EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) == 1 &&
      EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1;
  return done ? size : 0;
}

Result<Bytes> spki_of(EVP_PKEY* key) {
  std::uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return fail(Fault::invalid, "the public part of the key has no encoding");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

const char* name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::ecdsa_p256:
      return "ECDSA P-256";
    case Algorithm::ecdsa_p384:
      return "ECDSA P-384";
    case Algorithm::ed25519:
      return "Ed25519";
  }
  return "unknown";
}

struct PublicKey::State {
  Algorithm algorithm = Algorithm::ecdsa_p256;
  Bytes spki;
  KeyHandle key;
};

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  TRY(const SubjectKey subject, read_subject_key(der));
  const QuietErrors quiet;
  KeyHandle key = make_key(subject);
  if (!key)
    return fail(Fault::invalid, std::string("the point of the public key is not on the curve of ") +
                                    name_of(subject.algorithm));
  PublicKey out;
  out.state_ = std::make_shared<const State>(subject.algorithm, Bytes(der.begin(), der.end()),
                                             std::move(key));
  return out;
}

Result<PublicKey> PublicKey::from_pem(std::string_view text) {
  if (text.size() > pem_bytes_max) return fail(Fault::invalid, "PEM: too large for a public key");
  TRY(const auto blocks, crypto::from_pem(text, "PUBLIC KEY", 1));
  return from_spki(blocks.front());
}

Algorithm PublicKey::algorithm() const {
  return state_ ? state_->algorithm : Algorithm::ecdsa_p256;
}

const Bytes& PublicKey::spki() const {
  static const Bytes none;
  return state_ ? state_->spki : none;
}

std::string PublicKey::pem() const {
  return to_pem("PUBLIC KEY", spki());
}

Hash PublicKey::fingerprint() const {
  return sha256(spki());
}

bool PublicKey::verify(ByteView message, ByteView signature) const {
  return verify(message, signature, digest_of(algorithm()));
}

bool PublicKey::verify(ByteView message, ByteView signature, Digest digest) const {
  if (!state_) return false;
  const QuietErrors quiet;
  if (state_->algorithm == Algorithm::ed25519)
    return signature.size() == ed25519_signature_bytes &&
           verify_ed25519(state_->key.get(), message, signature);
  return is_canonical_ecdsa_signature(signature, scalar_octets(state_->algorithm)) &&
         verify_ecdsa(state_->key.get(), digested(digest, message).view(), signature);
}

struct FileKey::State {
  KeyHandle key;
  PublicKey public_key;
};

FileKey::FileKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileKey::FileKey(FileKey&&) noexcept = default;
FileKey& FileKey::operator=(FileKey&&) noexcept = default;
FileKey::~FileKey() = default;

Result<FileKey> FileKey::generate(Algorithm algorithm) {
  const QuietErrors quiet;
  KeyHandle key{algorithm == Algorithm::ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                : algorithm == Algorithm::ecdsa_p384
                    ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384")
                    : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  if (!key) return fail(Fault::unavailable, "OpenSSL could not make a key; is its randomness up?");
  TRY(const Bytes spki, spki_of(key.get()));
  TRY(auto public_key, PublicKey::from_spki(spki));
  return FileKey(std::make_unique<State>(std::move(key), std::move(public_key)));
}

Result<FileKey> FileKey::from_pem(std::string_view text) {
  if (text.empty() || text.size() > pem_bytes_max)
    return fail(Fault::invalid, "PEM: empty, or too large for a private key");
  const QuietErrors quiet;
  const BioHandle in{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  if (!in) throw std::bad_alloc();
  KeyHandle key{PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr)};
  if (!key) return fail(Fault::invalid, "not a private key in PEM (PKCS#8, without a passphrase)");
  TRY(const Bytes spki, spki_of(key.get()));
  TRY(auto public_key, PublicKey::from_spki(spki));
  const KeyContextHandle context{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
  if (!context || EVP_PKEY_pairwise_check(context.get()) != 1)
    return fail(Fault::invalid, "the private key and the public key in its file do not match");
  return FileKey(std::make_unique<State>(std::move(key), std::move(public_key)));
}

Result<FileKey> FileKey::load(const std::filesystem::path& path) {
  TRY(const Secret pem, read_key_file(path));
  auto key = from_pem(pem.text());
  if (!key) return fail(key.error().fault, path.string() + ": " + key.error().message);
  return key;
}

Result<FileKey> FileKey::load_or_make(const std::filesystem::path& path, Algorithm algorithm) {
  auto loaded = load(path);
  if (loaded || loaded.error().fault != Fault::missing) return loaded;
  TRY(auto key, generate(algorithm));
  const Secret pem(key.private_pem());
  TRY(const bool ours, write_new_key_file(path, pem.text()));
  if (!ours) return load(path);  // someone else was first
  return key;
}

const PublicKey& FileKey::public_key() const {
  return state_->public_key;
}

Result<Bytes> FileKey::sign(ByteView message) const {
  const QuietErrors quiet;
  const Algorithm algorithm = state_->public_key.algorithm();
  Bytes out(signature_bytes_max);
  const std::size_t size =
      algorithm == Algorithm::ed25519
          ? sign_ed25519(state_->key.get(), message, out)
          : sign_ecdsa(state_->key.get(), digested(digest_of(algorithm), message).view(), out);
  if (size == 0) return fail(Fault::internal, "OpenSSL refused to sign with a loaded key");
  out.resize(size);
  return out;
}

std::string FileKey::private_pem() const {
  const BioHandle out{BIO_new(BIO_s_mem())};  // wiped when freed
  if (!out || PEM_write_bio_PKCS8PrivateKey(out.get(), state_->key.get(), nullptr, nullptr, 0,
                                            nullptr, nullptr) != 1)
    throw std::bad_alloc();
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace muster::crypto
