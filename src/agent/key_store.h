// agent/key_store -- where a device's private keys are made and kept when that is not its disk; and
// what the place can say of itself.
//
// Seams: a TPM or a token stands behind them. What the disk keeps of such a key is a reference, a
// line of text that opens nothing elsewhere. Without a store, keys are files. The agent's thread,
// which waits for the chip.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/key.h"
#include "crypto/tpm.h"
#include "net/private_key.h"

namespace muster::agent {

struct Statement {
  Bytes attest;     // TPMS_ATTEST
  Bytes signature;  // TPMT_SIGNATURE
};

struct Birth {  // who a TPM is
  Bytes ek_area, ek_certificate, ak_area;
};

class Witness {  // a TPM that speaks of itself, of a key it holds, and of the boot
 public:
  virtual ~Witness() = default;
  virtual Result<Birth> birth() const = 0;
  virtual Result<Bytes> activate(const crypto::tpm::Challenge&) const = 0;
  virtual Result<Statement> quote(ByteView nonce, const crypto::tpm::Selection&) const = 0;
  virtual Result<std::vector<Bytes>> registers(const crypto::tpm::Selection&) const = 0;
  virtual Result<Statement> certify(const std::string& key, ByteView nonce) const = 0;
  virtual Result<Bytes> key_area(const std::string& key) const = 0;  // TPM2B_PUBLIC
  virtual Bytes event_log() const = 0;  // as firmware left it; empty: none, or none that is read
};

class KeyStore {
 public:
  virtual ~KeyStore() = default;
  virtual const char* name() const = 0;  // "tpm", "pkcs11"
  // A new P-256 key; its reference. Of those there are, the ones in `kept` stay.
  virtual Result<std::string> make(std::span<const std::string> kept) = 0;
  virtual Result<std::unique_ptr<crypto::SigningKey>> open(const std::string& key) const = 0;
  virtual Result<std::shared_ptr<const net::PrivateKey>> for_tls(const std::string& key) const = 0;
  virtual Result<void> destroy() = 0;  // every key it made, for good; may run again
  // Those not in `kept` go: a renewed key's predecessor. What cannot be removed now is tried again
  // the next time.
  virtual void keep_only(std::span<const std::string> /*kept*/) {}
  virtual const Witness* witness() const { return nullptr; }  // none: it cannot prove anything
};

}  // namespace muster::agent
