// signer/order -- what the controller asks the signer to sign, and its octets.
//
// An order names a template and fills in its blanks; everything else of the certificate (key usage,
// the spelling of names, never a CA) is the template's. An order has one spelling: decode() takes
// what encode() writes and nothing else, so that the digest of an order stands for it in the
// issuance log. Sizes and counts are bounded before memory is taken. Exact octets:
// docs/formats/issuance-log.md. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/crl.h"

namespace muster::signer {

enum class Template : std::uint8_t {
  device = 1,
  application = 2,
  server = 3,
  ocsp_responder = 4,
  revocation_list = 5,  // in the log only: a CrlOrder asks for one
  authority = 6,        // in the log only: a CA's, which a RolloverOrder asks for
};
const char* name_of(Template);

struct Order {
  Template kind = Template::device;
  crypto::Serial serial{};  // the controller's choice, and the order's name: the same one again is
                            // answered with the same certificate
  std::string subject;      // device or application id; a server's or responder's common name
  std::vector<std::string> dns_names = {}, ip_addresses = {};  // a server's only
  Instant not_before, not_after;                               // whole seconds
  Bytes spki;                                                  // SubjectPublicKeyInfo, DER
  std::string crl_url = {}, ocsp_url = {};                     // empty: none
  Bytes issuer = {};  // subject key identifier of the CA that is to sign; empty: whichever issues
  bool operator==(const Order&) const = default;
};

inline constexpr std::size_t order_names_max = 64;  // of each sort
inline constexpr std::size_t order_url_max = 1024;
inline constexpr std::size_t order_spki_max = 512;
inline constexpr std::size_t order_issuer_max = 32;
inline constexpr std::size_t order_bytes_max = 40 * 1024;

// Refused where a field does not fit its limit: what cannot be read is not written.
Result<Bytes> encode(const Order&);
Result<Order> decode_order(ByteView);

struct CrlOrder {
  crypto::CrlTerms terms;
  std::vector<crypto::Revoked> revoked;
  Bytes issuer = {};  // as in an Order
};

inline constexpr std::size_t crl_order_bytes_max = 64 * 1024 * 1024;

Result<Bytes> encode(const CrlOrder&);
Result<CrlOrder> decode_crl_order(ByteView);

}  // namespace muster::signer
