#include "agent/credentials.h"

#include <algorithm>

#include "agent/renewal.h"
#include "crypto/csr.h"
#include "wire/json.h"

namespace muster::agent {
namespace {

constexpr const char* current_name = "identity.pem";
constexpr const char* next_name = "identity-next.pem";
constexpr const char* request_name = "request.json";

bool is_file_key(const std::string& text) {
  return text.starts_with("-----BEGIN ");
}

struct Request {
  std::string key_pem;
  Bytes csr;
};

Result<std::optional<Request>> read_request(const Disk& disk) {
  TRY(const auto text, disk.read(request_name));
  if (!text) return std::nullopt;
  TRY(const auto json, wire::parse_json(*text));
  wire::ObjectReader in(json);
  Request request{.key_pem = in.text("key", 4096), .csr = {}};
  const std::string csr = in.text("csr", 16384);
  TRY_VOID(in.done());
  TRY(request.csr, from_base64(csr));
  return request;
}

bool same(const Bytes& a, const Bytes& b) {
  return std::ranges::equal(a, b);
}

std::string chain_of(const crypto::Certificate& leaf,
                     std::span<const crypto::Certificate> authorities,
                     std::span<const crypto::Certificate> anchors) {
  std::string pem = crypto::certificate_pem(leaf.der);
  for (const auto& each : authorities) {
    const bool anchor =
        std::ranges::any_of(anchors, [&](const auto& a) { return same(a.der, each.der); });
    if (!anchor && same(each.subject_der, leaf.issuer_der))
      pem += crypto::certificate_pem(each.der);
  }
  return pem;
}

}  // namespace

Result<Credentials> Credentials::open(Disk& disk, DeviceId device, KeyStore* keys) {
  Credentials out(disk, std::move(device), keys);
  TRY(out.current_, out.read_pair(current_name));
  TRY(out.next_, out.read_pair(next_name));
  TRY_VOID(out.forget_others());  // it may have ended just before it did
  return out;
}

// A device that is given a store later keeps its key in the file until it is renewed.
Result<std::optional<Pair>> Credentials::read_pair(const char* name) const {
  TRY(const auto text, disk_.read(name));
  if (!text) return std::nullopt;
  const auto chain = text->find("-----BEGIN CERTIFICATE-----");
  if (chain == std::string::npos)
    return fail(Fault::corrupt, std::string(name) + " holds no certificate");
  Pair pair{.key_pem = text->substr(0, chain), .chain_pem = text->substr(chain)};
  TRY(const auto certificates, crypto::parse_certificates_pem(pair.chain_pem));
  pair.not_before = certificates.front().not_before;
  pair.not_after = certificates.front().not_after;
  if (keys_ && !is_file_key(pair.key_pem)) {
    TRY(pair.key, keys_->for_tls(pair.key_pem));
  }
  return pair;
}

Result<std::string> Credentials::make_key() const {
  if (!keys_) {
    TRY(const auto key, crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    return key.private_pem();
  }
  TRY(const auto kept, references());
  return keys_->make(kept);
}

Result<std::vector<std::string>> Credentials::references() const {
  std::vector<std::string> kept;
  if (current_) kept.push_back(current_->key_pem);
  if (next_) kept.push_back(next_->key_pem);
  TRY(auto asked, read_request(disk_));
  if (asked) kept.push_back(std::move(asked->key_pem));
  return kept;
}

Result<void> Credentials::forget_others() const {
  if (!keys_) return {};
  TRY(const auto kept, references());
  keys_->keep_only(kept);
  return {};
}

Result<std::unique_ptr<crypto::SigningKey>> Credentials::open_key(const std::string& text) const {
  if (keys_ && !is_file_key(text)) return keys_->open(text);
  TRY(auto key, crypto::FileKey::from_pem(text));
  return std::make_unique<crypto::FileKey>(std::move(key));
}

Result<Bytes> Credentials::request() {
  TRY(auto known, read_request(disk_));
  if (known) return std::move(known->csr);
  TRY(const std::string text, make_key());
  TRY(const auto key, open_key(text));
  TRY(auto csr, crypto::make_csr(*key, device_.text()));
  TRY_VOID(disk_.write(
      request_name, wire::to_text(wire::Json::object({{"key", text}, {"csr", to_base64(csr)}}))));
  return csr;
}

Result<std::string> Credentials::requested_key() const {
  TRY(auto known, read_request(disk_));
  if (!known) return fail(Fault::conflict, "no certificate was asked for");
  return std::move(known->key_pem);
}

Result<void> Credentials::drop_request() {
  return disk_.remove(request_name);
}

Result<void> Credentials::take(const crypto::Certificate& leaf,
                               std::span<const crypto::Certificate> authorities,
                               std::span<const crypto::Certificate> anchors, Instant now) {
  TRY(const auto asked, read_request(disk_));
  if (!asked) return fail(Fault::conflict, "no certificate was asked for");
  TRY(const auto key, open_key(asked->key_pem));
  if (!same(leaf.key.spki(), key->public_key().spki()))
    return fail(Fault::invalid, "the certificate is for another key than the one asked for");
  if (leaf.common_name != device_.text())
    return fail(Fault::invalid, "the certificate is for " + leaf.common_name);
  // Whether it is valid by now the controller knows better than a device whose clock may be wrong.
  const Instant then = std::clamp<Instant>(now, leaf.not_before, leaf.not_after - 1s);
  TRY_VOID(crypto::verify_chain(leaf, authorities, anchors, crypto::Use::client, then));
  Pair pair{.key_pem = asked->key_pem,
            .chain_pem = chain_of(leaf, authorities, anchors),
            .not_before = leaf.not_before,
            .not_after = leaf.not_after};
  if (keys_ && !is_file_key(pair.key_pem)) {
    TRY(pair.key, keys_->for_tls(pair.key_pem));
  }
  const bool first = !current_ || current_->not_after <= now;
  TRY_VOID(disk_.write(first ? current_name : next_name, pair.key_pem + pair.chain_pem));
  (first ? current_ : next_) = std::move(pair);
  return disk_.remove(request_name);
}

Result<void> Credentials::promote() {
  if (!next_) return {};
  TRY_VOID(disk_.write(current_name, next_->key_pem + next_->chain_pem));
  current_ = std::move(next_);
  next_.reset();
  TRY_VOID(disk_.remove(next_name));
  return forget_others();
}

Result<void> Credentials::drop_next() {
  next_.reset();
  TRY_VOID(disk_.remove(next_name));
  return forget_others();
}

Result<std::unique_ptr<crypto::SigningKey>> Credentials::signing_key(const Pair& pair) const {
  return open_key(pair.key_pem);
}

Result<void> Credentials::destroy(Disk& disk) {
  for (const char* name : {current_name, next_name, request_name}) TRY_VOID(disk.shred(name));
  return {};
}

Instant renewal_time(const Pair& pair) {
  return renewal_time(pair.chain_pem, pair.not_before, pair.not_after);
}

}  // namespace muster::agent
