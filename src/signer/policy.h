// signer/policy -- what this signer may ever sign, whoever asks: the templates and their limits.
//
// It is set where the signer is started, never by an order. A certificate is made of its template
// and the order's blanks, so key usages, name forms and "never a CA" cannot be asked for. Pure; any
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/token_bucket.h"
#include "signer/order.h"

namespace muster::signer {

struct Rule {
  bool allowed = true;
  Duration life_max;  // from now
  Rate rate;
  std::vector<crypto::Algorithm> keys = {crypto::Algorithm::ecdsa_p256,
                                         crypto::Algorithm::ecdsa_p384, crypto::Algorithm::ed25519};
};

struct Policy {
  Rule device{.life_max = 90 * 24h, .rate = {1000, 10'000}};
  Rule application{.life_max = 90 * 24h, .rate = {10, 1000}};
  Rule server{.life_max = 366 * 24h, .rate = {0.1, 20}};
  Rule ocsp_responder{.life_max = 31 * 24h, .rate = {0.1, 20}};
  Rule revocation_list{.life_max = 31 * 24h, .rate = {10, 300}};

  std::vector<std::string> server_names, server_addresses;  // all that a server may be called
  std::string responder_name = "Muster OCSP responder";
  std::vector<std::string> url_prefixes;  // of CRL and OCSP addresses; none: no address at all

  Duration rollover_pause = 24h;  // from one rollover's beginning to that of the next

  Duration backdated_max = 2h;          // for devices whose clock is behind
  Duration server_backdated_max = 26h;  // they would not talk to a server that is not valid yet
  Duration ahead_max = 10min;           // of our own clock

  const Rule& rule(Template) const;
};

// The certificate that the order describes, or why there is none: invalid when the order is wrong
// in itself, forbidden when this signer may not.
Result<crypto::Profile> profile_of(const Order&, const Policy&, Instant now);

Result<void> check(const crypto::CrlTerms&, const Policy&, Instant now);

}  // namespace muster::signer
