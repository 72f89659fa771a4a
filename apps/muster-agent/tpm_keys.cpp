#include "muster-agent/tpm_keys.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "agent/provision.h"
#include "base/log.h"

namespace muster {
namespace {

constexpr std::string_view scheme = "tpm:";
constexpr std::size_t log_max = 256 * 1024;  // a controller takes no more
constexpr const char* firmware_log = "/sys/kernel/security/tpm0/binary_bios_measurements";

std::string reference(tpm::Handle handle) {
  char digits[9] = {};
  std::to_chars(digits, digits + 8, handle, 16);
  return std::string(scheme) + digits + '\n';
}

Result<tpm::Handle> handle_of(const std::string& key) {
  const std::string text = agent::without_line_end(key);
  tpm::Handle handle = 0;
  const char* const end = text.data() + text.size();
  if (!text.starts_with(scheme) ||
      std::from_chars(text.data() + scheme.size(), end, handle, 16).ptr != end)
    return fail(Fault::corrupt, "the state folder names a key that is not the TPM's");
  return handle;
}

struct TlsKey final : net::PrivateKey {
  explicit TlsKey(tpm::Key held) : key(std::move(held)) {}
  Result<Bytes> sign_digest(ByteView digest) const override { return key.sign_digest(digest); }
  tpm::Key key;
};

agent::Statement said(tpm::Statement s) {
  return {.attest = std::move(s.attest), .signature = std::move(s.signature)};
}

}  // namespace

Result<std::unique_ptr<TpmKeys>> TpmKeys::at(const std::string& tcti) {
  TRY(auto device, tpm::Device::open(tcti));
  return std::unique_ptr<TpmKeys>(new TpmKeys(std::move(device), tcti.starts_with("device:")));
}

Result<std::string> TpmKeys::make(std::span<const std::string> kept) {
  for (tpm::Handle handle = tpm::first_key_handle; handle < tpm::first_key_handle + tpm::keys_max;
       ++handle) {
    std::string name = reference(handle);
    if (std::ranges::find(kept, name) != kept.end()) continue;
    TRY_VOID(device_->make_key(handle));
    return name;
  }
  return fail(Fault::exhausted, "every key of the TPM is in use");
}

Result<std::unique_ptr<crypto::SigningKey>> TpmKeys::open(const std::string& key) const {
  TRY(const tpm::Handle handle, handle_of(key));
  TRY(auto held, device_->key(handle));
  return std::make_unique<tpm::Key>(std::move(held));
}

Result<std::shared_ptr<const net::PrivateKey>> TpmKeys::for_tls(const std::string& key) const {
  TRY(const tpm::Handle handle, handle_of(key));
  TRY(auto held, device_->key(handle));
  return std::make_shared<const TlsKey>(std::move(held));
}

Result<void> TpmKeys::destroy() {
  return device_->wipe();
}

Result<agent::Birth> TpmKeys::birth() const {
  TRY(auto endorsement, device_->endorsement());
  TRY(auto attestation, device_->attestation_area());
  return agent::Birth{.ek_area = std::move(endorsement.area),
                      .ek_certificate = std::move(endorsement.certificate),
                      .ak_area = std::move(attestation)};
}

Result<Bytes> TpmKeys::activate(const crypto::tpm::Challenge& challenge) const {
  return device_->activate(challenge);
}

Result<agent::Statement> TpmKeys::quote(ByteView nonce,
                                        const crypto::tpm::Selection& selection) const {
  TRY(auto statement, device_->quote(nonce, selection));
  return said(std::move(statement));
}

Result<std::vector<Bytes>> TpmKeys::registers(const crypto::tpm::Selection& selection) const {
  return device_->registers(selection);
}

Result<agent::Statement> TpmKeys::certify(const std::string& key, ByteView nonce) const {
  TRY(const tpm::Handle handle, handle_of(key));
  TRY(auto statement, device_->certify(handle, nonce));
  return said(std::move(statement));
}

Result<Bytes> TpmKeys::key_area(const std::string& key) const {
  TRY(const tpm::Handle handle, handle_of(key));
  TRY(const auto held, device_->key(handle));
  return held.area();
}

Bytes TpmKeys::event_log() const {
  if (!of_this_machine_) return {};
  std::ifstream in(firmware_log, std::ios::binary);
  Bytes log{std::istreambuf_iterator<char>(in), {}};
  if (log.size() <= log_max) return log;
  log::warning("agent",
               "the firmware's event log is longer than a controller takes; it is left out",
               {{"octets", std::to_string(log.size())}});
  return {};
}

}  // namespace muster
