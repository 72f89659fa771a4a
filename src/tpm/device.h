// tpm/device -- this machine's TPM 2.0, as a device's identity needs it: the endorsement key its
// maker put there, an attestation key, the keys it makes for TLS, and what the TPM says of them and
// of the boot.
//
// The TPM is held only while it is asked: each call opens it by its TCTI, flushes what it loaded
// and lets go, so that no resource manager is needed and others use it in between. What lasts is
// persistent: the attestation key and up to four TLS keys, at handles of our own below. Hierarchies
// are used with empty authorisation, as on devices that nobody took ownership of. Nothing is kept
// here but the TCTI; no private part ever leaves the TPM.
//
// For devices: a controller checks all this without a TPM (crypto/tpm). Any thread; a call blocks
// for as long as the TPM takes (a signature: some 2 ms in software, tens of ms in hardware), one at
// a time. Reads no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/key.h"
#include "crypto/tpm.h"

namespace muster::tpm {

using Handle = std::uint32_t;
inline constexpr Handle attestation_handle = 0x81008f10;
inline constexpr Handle first_key_handle = 0x81008f11;
inline constexpr unsigned keys_max = 4;

struct Endorsement {
  Handle handle = 0;
  Bytes area;         // TPM2B_PUBLIC
  Bytes certificate;  // DER, as the vendor left it in NV; empty: there is none
};

struct Statement {
  Bytes attest;     // TPMS_ATTEST
  Bytes signature;  // TPMT_SIGNATURE
};

class Device;

// A P-256 key in the TPM. Signatures are DER, over SHA-256. The Device outlives it.
class Key final : public crypto::SigningKey {
 public:
  const crypto::PublicKey& public_key() const override { return public_key_; }
  Result<Bytes> sign(ByteView message) const override;
  Result<Bytes> sign_digest(ByteView sha256) const;
  Handle handle() const { return handle_; }
  const Bytes& area() const { return area_; }  // TPM2B_PUBLIC

 private:
  friend class Device;
  Key(const Device& device, Handle handle, Bytes area, crypto::PublicKey key)
      : device_(device), handle_(handle), area_(std::move(area)), public_key_(std::move(key)) {}
  const Device& device_;
  Handle handle_;
  Bytes area_;
  crypto::PublicKey public_key_;
};

class Device {
 public:
  // "device:/dev/tpmrm0", "swtpm:host=127.0.0.1,port=2321". unavailable if nothing answers there,
  // conflict if what answers is no TPM 2.0.
  // `elliptic`: goes by the endorsement key on P-384 where the TPM has one, else by the RSA-2048
  // one.
  static Result<std::unique_ptr<Device>> open(std::string tcti, bool elliptic = false);
  Device(const Device&) = delete;

  // Made from the vendors' template when the TPM was shipped with none.
  Result<Endorsement> endorsement() const;
  Result<Bytes> attestation_area() const;  // TPM2B_PUBLIC; made, and kept, the first time

  // A new key at this handle, in place of what is there; keys_max from first_key_handle on.
  Result<Key> make_key(Handle) const;
  Result<Key> key(Handle) const;  // missing: there is none
  Result<void> evict(Handle) const;
  Result<void> wipe() const;  // the attestation key and all TLS keys

  // TPM2_ActivateCredential by the endorsement key that endorsement() names.
  Result<Bytes> activate(const crypto::tpm::Challenge&) const;
  Result<Statement> quote(ByteView nonce, const crypto::tpm::Selection&) const;
  Result<Statement> certify(Handle, ByteView nonce) const;  // of the key at this handle
  Result<std::vector<Bytes>> registers(const crypto::tpm::Selection&) const;  // rising

 private:
  friend class Key;
  Device(std::string tcti, bool elliptic) : tcti_(std::move(tcti)), elliptic_(elliptic) {}
  Result<Bytes> sign_digest(Handle, ByteView sha256) const;

  const std::string tcti_;
  const bool elliptic_;
  mutable std::mutex one_at_a_time_;
};

}  // namespace muster::tpm
