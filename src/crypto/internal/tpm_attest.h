// crypto/internal/tpm_attest -- TPMS_ATTEST and TPMT_SIGNATURE as read, before anything is
// believed. Views into what was read. Pure; any thread.
#pragma once

#include "crypto/tpm.h"

namespace muster::crypto::tpm {

enum class Statement : std::uint16_t { certify = 0x8017, quote = 0x8018 };  // TPM_ST_ATTEST_...

struct Attest {
  Statement type = Statement::quote;
  ByteView extra;  // the nonce
  ClockReading clock;
  std::uint64_t firmware_version = 0;
  Selection selection;  // of a quote
  ByteView pcr_digest;  // of a quote
  ByteView name;        // of what is certified
};
Result<Attest> parse_attest(ByteView, Statement expected);

struct Signature {
  Scheme scheme = Scheme::ecdsa;
  HashAlgorithm hash = HashAlgorithm::sha256;
  Bytes value;  // as OpenSSL takes it: ECDSA in DER; RSASSA as it stands
};
Result<Signature> parse_signature(ByteView);

}  // namespace muster::crypto::tpm
