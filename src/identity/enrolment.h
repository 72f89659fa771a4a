// identity/enrolment -- what is asked when a device enrols or renews, and what comes of it before
// it counts.
//
// Values only: a door fills a request from what it has parsed and checked for form; the registry
// answers with a Commission, which Identity::file() turns into a certificate that counts, or not.
// Nothing here decides, reads a clock or keeps anything. Whoever has one may move it between
// threads. Lengths were bounded by the door (crypto/csr.h).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "identity/onboarding.h"
#include "signer/order.h"

namespace muster::identity {

// What an EST request comes down to once the door has parsed it.
struct EnrolRequest {
  std::string subject;  // HTTP Basic user
  std::string token;    // HTTP Basic password
  Bytes spki;           // the CSR's key; the asker has proved to hold it
  crypto::Hash csr_digest;
  std::string
      claimed_name;  // the CSR's common name; refused when it is neither empty nor the subject
  std::string from;  // peer address, for the record
  std::vector<Bytes> chain = {};  // shown in the handshake, DER, leaf first; counts without a token
  std::string profile = {};       // empty: default
  Claims claims = {};
  bool server_key = false;  // the door made the key
};
struct RenewRequest {
  crypto::Hash certificate;  // fingerprint of the certificate the connection was made with
  Bytes spki;
  crypto::Hash csr_digest;
  std::string claimed_name;
  std::string from;
  std::string profile = {};
  Claims claims = {};
};

// A certificate that is to be: what the signer is asked for, and what filing it depends on.
struct Commission {
  signer::Order order;
  crypto::Hash key{};  // SHA-256 of the order's SPKI
  crypto::Hash csr_digest{};
  std::string proof;        // "token", "idevid", "tpm" or "renewal"
  crypto::Hash evidence{};  // SHA-256 of the token or of the endorsement key, or the fingerprint of
                            // the birth certificate or of what is renewed
  std::string from;
  std::uint32_t shard = 0;  // of the revocation list that will speak for it; 0: the whole one only
  std::string maker = {};   // of the birth certificate
};
// Bytes: the certificate that this very request was answered with before. Later: it waits for an
// operator.
using Enrolment = std::variant<Bytes, Commission, Later>;

// Bytes: the list as it stands.
using RevocationList = std::variant<Bytes, signer::CrlOrder>;

}  // namespace muster::identity
