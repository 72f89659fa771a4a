// crypto/internal/algorithm -- the algorithms we accept, as they are spelled in DER.
//
// Everything else is refused by name, so that whoever sent an RSA or a P-521 key reads what would
// have been taken. Pure; any thread.
#pragma once

#include "crypto/internal/der.h"
#include "crypto/key.h"

namespace muster::crypto {

struct SubjectKey {
  Algorithm algorithm;
  ByteView point;  // ECDSA: 0x04 || X || Y; Ed25519: the 32 octets. A view into what was read
};

// SubjectPublicKeyInfo. Only uncompressed points: one key must have one spelling, because it is
// recognised by the hash of it.
Result<SubjectKey> read_subject_key(ByteView spki_der);

struct SignatureAlgorithm {
  bool ecdsa = false;  // else Ed25519
  Digest digest = Digest::sha256;
};
// AlgorithmIdentifier; `what` names it in a refusal.
Result<SignatureAlgorithm> read_signature_algorithm(der::Reader&, const char* what);

ByteView signature_algorithm_der(Algorithm);  // the AlgorithmIdentifier we sign with
Digest digest_of(Algorithm);                  // the curve's own; for Ed25519 without meaning

// SEQUENCE of two minimal positive INTEGERs of at most `scalar_octets`, and nothing else.
bool is_canonical_ecdsa_signature(ByteView, std::size_t scalar_octets);

}  // namespace muster::crypto
