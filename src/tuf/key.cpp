#include "tuf/key.h"

#include <optional>

#include "crypto/hash.h"
#include "tuf/canonical.h"

namespace muster::tuf {
namespace {

using wire::Json;

constexpr std::size_t public_max = 16 * 1024;

// What stands before the raw key in its SubjectPublicKeyInfo (RFC 5480, RFC 8410).
constexpr std::string_view spki_ed25519 = "302a300506032b6570032100";
constexpr std::string_view spki_p256 = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
constexpr std::string_view spki_p384 = "3076301006072a8648ce3d020106052b81040022036200";

Result<const std::string*> text_member(const Json& key, std::string_view name,
                                       const std::string& pointer) {
  const Json* value = key.find(name);
  if (!value || !value->text() || value->text()->empty() || value->text()->size() > public_max)
    return fail(Fault::invalid, "a key must have this text", wire::json_pointer(pointer, name));
  return value->text();
}

std::optional<crypto::PublicKey> read_plain(const std::string& text, std::string_view prefix,
                                            crypto::Algorithm algorithm) {
  auto key = [&]() -> Result<crypto::PublicKey> {
    if (text.find("-----BEGIN") != text.npos) return crypto::PublicKey::from_pem(text);
    TRY(const Bytes der, from_hex(std::string(prefix) + text));
    return crypto::PublicKey::from_spki(der);
  }();
  if (!key || key->algorithm() != algorithm) return std::nullopt;
  return std::move(*key);
}

bool is_ecdsa(const std::string& type, const std::string& scheme) {
  return type == "ecdsa" || type == scheme;
}

}  // namespace

Result<Key> Key::read(const Json& json, const std::string& pointer) {
  TRY(const std::string* type, text_member(json, "keytype", pointer));
  TRY(const std::string* scheme, text_member(json, "scheme", pointer));
  const Json* value = json.find("keyval");
  if (!value || !value->members())
    return fail(Fault::invalid, "a key must have this object",
                wire::json_pointer(pointer, "keyval"));
  TRY(const std::string* text,
      text_member(*value, "public", wire::json_pointer(pointer, "keyval")));
  Key out;
  std::optional<crypto::PublicKey> plain;
  if (*type == "ed25519" && *scheme == "ed25519")
    plain = read_plain(*text, spki_ed25519, crypto::Algorithm::ed25519);
  else if (*scheme == "ecdsa-sha2-nistp256" && is_ecdsa(*type, *scheme))
    plain = read_plain(*text, spki_p256, crypto::Algorithm::ecdsa_p256);
  else if (*scheme == "ecdsa-sha2-nistp384" && is_ecdsa(*type, *scheme))
    plain = read_plain(*text, spki_p384, crypto::Algorithm::ecdsa_p384);
  out.identity_ = *type + " " + *scheme + " " + *text;
  if (plain) {
    out.identity_ = text_of(plain->spki());
    out.with_ = std::move(*plain);
  }
  out.pss_ = *scheme == "rsassa-pss-sha256";
  if (*type == "rsa" && (out.pss_ || *scheme == "rsa-pkcs1v15-sha256")) {
    if (auto rsa = crypto::RsaVerifier::from_pem(*text)) {
      out.identity_ = text_of(rsa->spki());
      out.with_ = std::move(*rsa);
    }
  }
  return out;
}

bool Key::verify(ByteView message, ByteView signature) const {
  if (auto* key = std::get_if<crypto::PublicKey>(&with_)) return key->verify(message, signature);
  if (auto* rsa = std::get_if<crypto::RsaVerifier>(&with_))
    return pss_ ? rsa->verify_pss(message, signature) : rsa->verify_pkcs1(message, signature);
  return false;
}

Json to_json(const crypto::PublicKey& key) {
  const char* type = "ecdsa";
  const char* scheme = "ecdsa-sha2-nistp256";
  std::string value = key.pem();
  if (key.algorithm() == crypto::Algorithm::ecdsa_p384) scheme = "ecdsa-sha2-nistp384";
  if (key.algorithm() == crypto::Algorithm::ed25519) {
    type = scheme = "ed25519";
    value = to_hex(key.spki()).substr(spki_ed25519.size());
  }
  return Json::object({{"keytype", type},
                       {"keyval", Json::object({{"public", std::move(value)}})},
                       {"scheme", scheme}});
}

std::string key_id(const crypto::PublicKey& key) {
  return to_hex(crypto::sha256(bytes_of(*canonical_json(to_json(key)))));  // no fraction is in it
}

}  // namespace muster::tuf
