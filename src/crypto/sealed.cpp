#include "crypto/sealed.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <utility>

#include "crypto/internal/openssl.h"

namespace muster::crypto {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t nonce_octets = 12, tag_octets = 16;
constexpr std::size_t overhead = 1 + nonce_octets + tag_octets;
constexpr std::size_t plain_max = std::size_t{1} << 30;

using CipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

std::unexpected<Error> no_memory() {
  return fail(Fault::internal, "AES-256-GCM is not available");
}

// A context with key, nonce and context in it; the version is bound with the context.
CipherContext begin(ByteView key, const std::uint8_t* nonce, std::string_view context,
                    bool sealing) {
  CipherContext out(EVP_CIPHER_CTX_new());
  int size = 0;
  const int direction = sealing ? 1 : 0;
  const bool ready =
      out &&
      EVP_CipherInit_ex(out.get(), EVP_aes_256_gcm(), nullptr, nullptr, nullptr, direction) == 1 &&
      EVP_CipherInit_ex(out.get(), nullptr, nullptr, key.data(), nonce, direction) == 1 &&
      EVP_CipherUpdate(out.get(), nullptr, &size, &version, 1) == 1 &&
      (context.empty() || EVP_CipherUpdate(out.get(), nullptr, &size, bytes_of(context).data(),
                                           static_cast<int>(context.size())) == 1);
  return ready ? std::move(out) : CipherContext();
}

}  // namespace

Result<SealingKey> SealingKey::generate() {
  Bytes key(octets);
  if (RAND_priv_bytes(key.data(), static_cast<int>(key.size())) != 1)
    return fail(Fault::internal, "the system gives no randomness");
  return SealingKey(std::move(key));
}

Result<SealingKey> SealingKey::from(ByteView key) {
  if (key.size() != octets) return fail(Fault::corrupt, "a sealing key has 32 octets");
  return SealingKey(Bytes(key.begin(), key.end()));
}

SealingKey::SealingKey(SealingKey&& other) noexcept : key_(std::exchange(other.key_, {})) {}

SealingKey& SealingKey::operator=(SealingKey&& other) noexcept {
  std::swap(key_, other.key_);
  return *this;
}

SealingKey::~SealingKey() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

Result<Bytes> SealingKey::seal(ByteView plain, std::string_view context) const {
  if (plain.size() > plain_max)
    return fail(Fault::invalid, "more than 1 GiB is not sealed at once");
  const QuietErrors quiet;
  Bytes out(overhead + plain.size());
  out[0] = version;
  std::uint8_t* const nonce = out.data() + 1;
  std::uint8_t* const body = nonce + nonce_octets;
  if (RAND_bytes(nonce, static_cast<int>(nonce_octets)) != 1)
    return fail(Fault::internal, "the system gives no randomness");
  const auto cipher = begin(key_, nonce, context, true);
  int size = 0, rest = 0;
  if (!cipher ||
      EVP_CipherUpdate(cipher.get(), body, &size, plain.data(), static_cast<int>(plain.size())) !=
          1 ||
      EVP_CipherFinal_ex(cipher.get(), body + size, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_octets),
                          body + plain.size()) != 1)
    return no_memory();
  return out;
}

Result<Bytes> SealingKey::open(ByteView sealed, std::string_view context) const {
  const auto refused = [] {
    return fail(Fault::corrupt, "it was not sealed by this key for this purpose, or was altered");
  };
  if (sealed.size() < overhead || sealed[0] != version || sealed.size() > overhead + plain_max)
    return refused();
  const QuietErrors quiet;
  const auto body = sealed.subspan(1 + nonce_octets);
  const std::size_t length = body.size() - tag_octets;
  Bytes tag(body.begin() + static_cast<std::ptrdiff_t>(length), body.end()), plain(length);
  const auto cipher = begin(key_, sealed.data() + 1, context, false);
  if (!cipher) return no_memory();
  int size = 0, rest = 0;
  std::uint8_t none = 0;
  std::uint8_t* const out = plain.empty() ? &none : plain.data();
  if (EVP_CipherUpdate(cipher.get(), out, &size, body.data(), static_cast<int>(length)) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_octets),
                          tag.data()) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), out + size, &rest) != 1)
    return refused();
  return plain;
}

}  // namespace muster::crypto
