// wire/voucher -- the voucher with which a maker tells who owns a device (RFC 8366), as JSON.
//
//   {"ietf-voucher:voucher":{"created-on":"2026-11-22T00:00:00Z","assertion":"verified",
//     "serial-number":"A1","idevid-issuer":"<base64>","pinned-domain-cert":"<base64>",
//     "expires-on":"2027-11-22T00:00:00Z"}}
//
// What the module's YANG asks for is checked, and what it does not know is refused. Who signed it,
// whether it has expired, and whether the pinned certificate is ours are the caller's questions.
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace muster::wire {

enum class VoucherAssertion { verified, logged, proximity };

struct Voucher {
  Instant created_on;
  std::optional<Instant> expires_on = {};  // never beside a nonce
  VoucherAssertion assertion = VoucherAssertion::verified;
  std::string serial_number;        // 1 to 128 bytes, printable
  Bytes idevid_issuer = {};         // octets of an authority key identifier; empty if not told
  Bytes pinned_domain_cert;         // DER, as told: not yet parsed
  bool revocation_checks = false;   // domain-cert-revocation-checks
  std::optional<Bytes> nonce = {};  // 8 to 32 octets
  std::optional<Instant> last_renewal = {};  // only beside expires_on
  bool operator==(const Voucher&) const = default;
};

constexpr std::size_t voucher_max = 64 * 1024;  // bytes of text

Result<Voucher> parse_voucher(std::string_view json);
std::string to_text(const Voucher&);

}  // namespace muster::wire
