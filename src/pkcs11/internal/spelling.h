// pkcs11/internal/spelling -- keys and signatures as PKCS#11 spells them, and as everybody else
// does.
//
// Pure; any thread.
#pragma once

#include <vector>

#include "crypto/key.h"

namespace muster::pkcs11 {

// CKA_EC_PARAMS of a key to be made; tokens know Ed25519 by its OID or by its name.
std::vector<Bytes> curve_spellings(crypto::Algorithm);

// From CKA_EC_PARAMS and CKA_EC_POINT: an OCTET STRING, or for Ed25519 a BIT STRING or the octets.
Result<crypto::PublicKey> public_key_of(ByteView parameters, ByteView point);

// r || s as Ecdsa-Sig-Value in DER; Ed25519 as it is. corrupt: not of this algorithm's size.
Result<Bytes> signature_of(crypto::Algorithm, ByteView raw);

}  // namespace muster::pkcs11
