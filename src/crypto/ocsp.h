// crypto/ocsp -- is this certificate revoked? (RFC 6960, in the profile of RFC 5019.)
//
// A request is read strictly and bounded. Its own signature, if it has one, is not looked at: the
// answer is the same for everybody. An answer is written as DER here, by a responder that the
// issuing CA has delegated (id-kp-OCSPSigning), with the responder's certificate in it; without a
// nonce it can be made ahead of its time and served until its next update. Nothing here knows which
// certificates exist or are revoked: that is the caller's to say. Times are whole seconds and the
// caller's. Pure but for the signing key; any thread.
#pragma once

#include <span>
#include <vector>

#include "crypto/crl.h"

namespace muster::crypto {

inline constexpr std::size_t ocsp_request_bytes_max = 8 * 1024;
inline constexpr std::size_t ocsp_ids_max = 32;           // certificates asked after at once
inline constexpr std::size_t ocsp_nonce_bytes_max = 128;  // RFC 9654; RFC 8954 has 32

// The certificate that is asked after, by hashes of its issuer: SHA-1 or SHA-256, as the client
// likes it. SHA-1 names here, and protects nothing.
struct OcspId {
  Bytes der;                                // CertID as it was given: an answer repeats it
  Bytes issuer_name_hash, issuer_key_hash;  // both of 20 octets or both of 32
  Bytes serial;                             // big endian, without leading zero octets
  bool operator==(const OcspId&) const = default;
};

struct OcspRequest {
  std::vector<OcspId> ids;  // 1 to ocsp_ids_max
  Bytes nonce;              // empty: none. RFC 5019 lets an answer leave it out
  bool operator==(const OcspRequest&) const = default;
};

// By SHA-1, as most clients ask.
Result<OcspId> ocsp_id(const Certificate& issuer, ByteView serial);

Result<OcspRequest> parse_ocsp_request(ByteView der);
Result<Bytes> make_ocsp_request(const OcspRequest&);

enum class OcspStatus { good, revoked, unknown };

struct OcspAnswer {
  OcspId id;
  OcspStatus status = OcspStatus::unknown;
  Instant revoked_at = {};  // these two if it is revoked
  RevocationReason reason = RevocationReason::unspecified;
  Instant this_update, next_update;
};

class OcspResponder {
 public:
  // `own` is issued by `issuer` for OCSP signing (Use::ocsp_responder) to the key of `signer`,
  // which must outlive the responder. Whether `own` is still valid is the caller's question.
  static Result<OcspResponder> make(const Certificate& issuer, const Certificate& own,
                                    const SigningKey& signer);

  bool is_for(const OcspId&) const;  // asked after a certificate of this issuer
  // What is asked after by either hash; for tests and benches, which ask.
  OcspId sha1_id(ByteView serial) const;
  OcspId sha256_id(ByteView serial) const;

  // An OCSPResponse of status successful. Refused: no answer or more than ocsp_ids_max, and one
  // that ends before it begins.
  Result<Bytes> respond(std::span<const OcspAnswer>, Instant produced_at,
                        ByteView nonce = {}) const;

 private:
  struct IssuerHashes {
    Bytes name, key;
  };
  OcspResponder(const Certificate& own, const SigningKey& signer)
      : certificate_(own.der), signer_(signer) {}

  IssuerHashes sha1_, sha256_;
  Bytes certificate_;
  Bytes responder_id_;  // ResponderID byKey, in DER
  const SigningKey& signer_;
};

// What is answered without a signature (RFC 6960 4.2.1).
enum class OcspRefusal {
  malformed_request = 1,
  internal_error = 2,
  try_later = 3,
  unauthorized = 6  // RFC 5019 2.2.3: also where the responder does not know the issuer
};
Bytes make_ocsp_refusal(OcspRefusal);

}  // namespace muster::crypto
