// crypto/csr -- certificate signing requests (PKCS#10, RFC 2986): what a device asks with.
//
// Parsing is an own bounded DER read; it takes nothing from the request but the key, its proof of
// possession and, for renewal, the subject and names it claims. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/key.h"

namespace muster::crypto {

inline constexpr std::size_t csr_bytes_max = 8192;

struct Csr {
  PublicKey key;  // ECDSA P-256 or P-384, or Ed25519; anything else is refused as invalid, by name
  std::string common_name;  // as claimed; empty if none
  std::vector<std::string> dns_names, uris,
      ip_addresses;                // as claimed in an extensionRequest
  bool other_attributes = false;   // the subject claims more than a common name
  bool authority = false;          // it asks for a CA's certificate
  std::string challenge_password;  // PKCS#9; empty if none
  Hash digest;  // of the whole request: the same request again is recognised by it
};

Result<Csr> parse_csr(ByteView der);  // checks the self-signature (proof of possession)
Result<Bytes> make_csr(const SigningKey&, std::string_view common_name);  // DER

}  // namespace muster::crypto
