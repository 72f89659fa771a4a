// crypto/internal/tpm_algorithm -- the algorithm identifiers of a TPM (TPM_ALG_ID, TPM_ECC_CURVE)
// and what OpenSSL calls them. Pure; any thread.
#pragma once

#include <string>

#include "crypto/internal/openssl.h"
#include "crypto/internal/tpm_reader.h"
#include "crypto/tpm.h"

namespace muster::crypto::tpm {

inline constexpr std::uint16_t alg_rsa = 0x0001, alg_aes = 0x0006, alg_null = 0x0010,
                               alg_ecc = 0x0023, alg_cfb = 0x0043;

std::string algorithm_name(std::uint16_t id);  // for a refusal: "SHA-1", or its number

Result<HashAlgorithm> read_hash(Reader&, const char* what);
const EVP_MD* message_digest(HashAlgorithm);
Bytes hashed(HashAlgorithm, ByteView);
Bytes hmac(HashAlgorithm, ByteView key, ByteView message);

std::size_t coordinate_octets(Kind);  // of an ECC kind

// Fails if the point is not on its curve.
Result<KeyHandle> open_key(const PublicArea&);
Bytes spki_of(Kind, ByteView unique);

}  // namespace muster::crypto::tpm
