// token_keys -- the agent's keys in a PKCS#11 token: agent's seam over pkcs11::Token.
//
// A key's reference is "pkcs11:" and its CKA_ID in hexadecimal, on a line. All keys of a device
// have one label, the URI's object, or "muster-agent " and the device's id: what has that label and
// is wanted no more is removed. One thread.
#pragma once

#include <memory>
#include <string>

#include "agent/key_store.h"
#include "base/random.h"
#include "pkcs11/token.h"

namespace muster {

class TokenKeys final : public agent::KeyStore {
 public:
  static Result<std::unique_ptr<TokenKeys>> at(const std::string& uri, const std::string& device);

  const char* name() const override { return "pkcs11"; }
  Result<std::string> make(std::span<const std::string> kept) override;
  Result<std::unique_ptr<crypto::SigningKey>> open(const std::string& key) const override;
  Result<std::shared_ptr<const net::PrivateKey>> for_tls(const std::string& key) const override;
  Result<void> destroy() override;
  void keep_only(std::span<const std::string> kept) override;

 private:
  TokenKeys(std::unique_ptr<pkcs11::Token> token, std::string label)
      : token_(std::move(token)), label_(std::move(label)) {}
  Result<void> remove_others(std::span<const std::string> kept) const;

  const std::unique_ptr<pkcs11::Token> token_;
  const std::string label_;
  SystemRandom random_;
};

}  // namespace muster
