// tpm_keys -- the agent's keys in a TPM, and the TPM as its witness: agent's seams over
// tpm::Device.
//
// A key's reference is "tpm:" and its persistent handle in hexadecimal, on a line. One thread.
#pragma once

#include <memory>
#include <string>

#include "agent/key_store.h"
#include "tpm/device.h"

namespace muster {

class TpmKeys final : public agent::KeyStore, public agent::Witness {
 public:
  static Result<std::unique_ptr<TpmKeys>> at(const std::string& tcti);

  const char* name() const override { return "tpm"; }
  Result<std::string> make(std::span<const std::string> kept) override;
  Result<std::unique_ptr<crypto::SigningKey>> open(const std::string& key) const override;
  Result<std::shared_ptr<const net::PrivateKey>> for_tls(const std::string& key) const override;
  Result<void> destroy() override;
  const agent::Witness* witness() const override { return this; }

  Result<agent::Birth> birth() const override;
  Result<Bytes> activate(const crypto::tpm::Challenge&) const override;
  Result<agent::Statement> quote(ByteView nonce, const crypto::tpm::Selection&) const override;
  Result<std::vector<Bytes>> registers(const crypto::tpm::Selection&) const override;
  Result<agent::Statement> certify(const std::string& key, ByteView nonce) const override;
  Result<Bytes> key_area(const std::string& key) const override;
  Bytes event_log() const override;

 private:
  TpmKeys(std::unique_ptr<tpm::Device> device, bool of_this_machine)
      : device_(std::move(device)), of_this_machine_(of_this_machine) {}
  const std::unique_ptr<tpm::Device> device_;
  const bool of_this_machine_;  // then the firmware's log is of what this TPM measured
};

}  // namespace muster
