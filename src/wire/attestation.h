// wire/attestation -- what a device and its controller say to each other about a TPM: the
// challenge, the enrolment it leads to, and the evidence of a boot (docs/formats/attestation.md).
//
// Octets are base64 in JSON. Reading bounds every size before memory is taken and refuses what is
// unknown by name; what the octets mean is crypto/tpm's to say. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::wire {

inline constexpr std::size_t attestation_bytes_max = 512 * 1024;  // of one message, as text

struct ChallengeAsk {  // POST /attest/challenge
  std::string id;
  Bytes ek_area;         // TPM2B_PUBLIC
  Bytes ek_certificate;  // DER; empty: none
  Bytes ak_area;         // TPM2B_PUBLIC
};

struct ChallengeGiven {   // its answer
  Bytes credential_blob;  // TPM2B_ID_OBJECT
  Bytes secret;           // TPM2B_ENCRYPTED_SECRET
  Bytes nonce;            // of the quote and of the certify statement
  std::string pcrs;       // "sha256:0,1,7"
};

struct BootEvidence {
  Bytes quote;                // TPMS_ATTEST
  Bytes signature;            // TPMT_SIGNATURE
  std::vector<Bytes> values;  // of the registers asked for, rising
  Bytes event_log;            // as firmware left it; empty: none
};

struct AttestedEnrolment {  // POST /attest/enrol
  std::string id;
  Bytes secret;  // that the challenge held
  BootEvidence boot;
  Bytes certify;            // TPMS_ATTEST
  Bytes certify_signature;  // TPMT_SIGNATURE
  Bytes key_area;           // TPM2B_PUBLIC of the TLS key
  Bytes csr;                // PKCS#10, by that key
};

struct EvidenceAsk {  // GET v1/devices/{id}/attestation
  Bytes nonce;
  std::string pcrs;
};

std::string to_text(const ChallengeAsk&);
std::string to_text(const ChallengeGiven&);
std::string to_text(const AttestedEnrolment&);
std::string to_text(const EvidenceAsk&);
std::string to_text(const BootEvidence&);
std::string certificate_text(ByteView der);  // the answer to an AttestedEnrolment

Result<ChallengeAsk> parse_challenge_ask(std::string_view);
Result<ChallengeGiven> parse_challenge_given(std::string_view);
Result<AttestedEnrolment> parse_attested_enrolment(std::string_view);
Result<EvidenceAsk> parse_evidence_ask(std::string_view);
Result<BootEvidence> parse_boot_evidence(std::string_view);
Result<Bytes> parse_certificate_text(std::string_view);

}  // namespace muster::wire
