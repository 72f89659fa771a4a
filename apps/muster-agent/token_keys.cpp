#include "muster-agent/token_keys.h"

#include <algorithm>

#include "agent/provision.h"
#include "base/log.h"

namespace muster {
namespace {

constexpr std::string_view scheme = "pkcs11:";
constexpr std::size_t id_octets = 16;

std::string reference(const Bytes& id) {
  return std::string(scheme) + to_hex(id) + '\n';
}

Result<Bytes> id_of(const std::string& key) {
  const std::string text = agent::without_line_end(key);
  if (text.starts_with(scheme))
    if (auto id = from_hex(std::string_view(text).substr(scheme.size())); id && !id->empty())
      return id;
  return fail(Fault::corrupt, "the state folder names a key that is not the token's");
}

struct TlsKey final : net::PrivateKey {
  explicit TlsKey(std::unique_ptr<pkcs11::Key> held) : key(std::move(held)) {}
  Result<Bytes> sign_digest(ByteView digest) const override { return key->sign_prepared(digest); }
  std::unique_ptr<pkcs11::Key> key;
};

}  // namespace

Result<std::unique_ptr<TokenKeys>> TokenKeys::at(const std::string& text,
                                                 const std::string& device) {
  auto uri = pkcs11::parse_uri(text);
  if (!uri) return fail(uri.error().fault, uri.error().message, "--key-store");
  std::string label = uri->object.empty() ? "muster-agent " + device : uri->object;
  TRY(auto token, pkcs11::Token::open(std::move(*uri)));
  return std::unique_ptr<TokenKeys>(new TokenKeys(std::move(token), std::move(label)));
}

Result<std::string> TokenKeys::make(std::span<const std::string> kept) {
  TRY_VOID(remove_others(kept));  // what was made and never written down
  Bytes id(id_octets);
  random_.fill(id);
  TRY_VOID(token_->make_key(crypto::Algorithm::ecdsa_p256, label_, id));
  return reference(id);
}

Result<std::unique_ptr<crypto::SigningKey>> TokenKeys::open(const std::string& key) const {
  TRY(const Bytes id, id_of(key));
  TRY(auto held, token_->key(label_, id));
  return std::unique_ptr<crypto::SigningKey>(std::move(held));
}

Result<std::shared_ptr<const net::PrivateKey>> TokenKeys::for_tls(const std::string& key) const {
  TRY(const Bytes id, id_of(key));
  TRY(auto held, token_->key(label_, id));
  return std::make_shared<const TlsKey>(std::move(held));
}

Result<void> TokenKeys::destroy() {
  return remove_others({});
}

void TokenKeys::keep_only(std::span<const std::string> kept) {
  if (const auto removed = remove_others(kept); !removed)
    log::warning("agent", "a key that is wanted no more is still in the token",
                 {{"because", removed.error().message}});
}

Result<void> TokenKeys::remove_others(std::span<const std::string> kept) const {
  TRY(const auto ids, token_->ids_of(label_));
  for (const Bytes& id : ids)
    if (std::ranges::find(kept, reference(id)) == kept.end()) TRY_VOID(token_->remove(id));
  return {};
}

}  // namespace muster
