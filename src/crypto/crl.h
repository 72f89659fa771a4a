// crypto/crl -- certificate revocation lists (RFC 5280 section 5), version 2, signed by the issuing
// CA.
//
// A list is written as DER while its entries come, in one buffer, in the order they come in: the
// standard asks for none, and whether a serial is there twice is the caller's to know. A list that
// is one shard of many says so in its IssuingDistributionPoint, with the URI that the certificates
// it speaks for name as theirs. Reading is strict. Times are whole seconds. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "crypto/certificate.h"

namespace muster::crypto {

enum class RevocationReason {
  unspecified = 0,
  key_compromise = 1,
  ca_compromise = 2,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  certificate_hold = 6,
  privilege_withdrawn = 9,
  aa_compromise = 10
};

struct Revoked {
  Bytes serial;  // 1 to 20 octets, big endian
  Instant at;
  RevocationReason reason = RevocationReason::unspecified;
  bool operator==(const Revoked&) const = default;
};

// Which of the issuer's certificates a list speaks for. As it is by default: for all of them.
struct CrlScope {
  std::string shard_uri = {};           // the crl_url of those certificates; empty: whatever theirs
  bool only_user_certificates = false;  // true when the issuer's CA certificates are not in it
  bool operator==(const CrlScope&) const = default;
};

struct CrlTerms {
  std::uint64_t number = 0;  // higher than that of the list before, in the same scope
  Instant this_update, next_update;
  CrlScope scope = {};
};

// One list, once: add() the entries, then finish(). Both references must outlive it.
class CrlWriter {
 public:
  // Refuses terms that end before they begin and a signer that is not the issuing CA's key.
  // `expected` entries are made room for.
  static Result<CrlWriter> open(CrlTerms, const Certificate& issuer, const SigningKey&,
                                std::size_t expected = 0);
  Result<void> add(ByteView serial, Instant at, RevocationReason);
  Result<Bytes> finish() &&;

 private:
  CrlWriter(CrlTerms terms, const Certificate& issuer, const SigningKey& signer)
      : terms_(std::move(terms)), issuer_(issuer), signer_(signer) {}
  Bytes head() const;

  CrlTerms terms_;
  const Certificate& issuer_;
  const SigningKey& signer_;
  Bytes out_;  // what comes before the entries is written last, into the room left in front
  std::int64_t second_ = 0;
  Bytes time_;  // second_, in DER: entries made together share it
};

Result<Bytes> make_crl(std::span<const Revoked>, std::uint64_t number, Instant this_update,
                       Instant next_update, const Certificate& issuer, const SigningKey&,
                       CrlScope = {});

inline constexpr std::size_t crl_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t crl_entries_max = 1'500'000;

struct Crl {
  CrlTerms terms;
  std::vector<Revoked> revoked;
};

// A complete list of `issuer`, as signed by it; deltas, indirect lists and lists by reason are
// refused, and whether it is current is the caller's question.
Result<Crl> parse_crl(ByteView der, const Certificate& issuer);

}  // namespace muster::crypto
