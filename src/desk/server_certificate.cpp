#include "desk/server_certificate.h"

#include <algorithm>

namespace muster::desk {
namespace {

// For clients whose clock is behind, were it by a day; of a short life less, so that two thirds of
// it lie ahead.
Duration backdated(Duration life) {
  return std::min<Duration>(25h, life / 10);
}

bool holds(const std::vector<std::string>& names, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const std::string& each) {
    return std::ranges::find(names, each) != names.end();
  });
}

}  // namespace

bool renewal_due(const crypto::Certificate& current, const ServerTerms& terms,
                 const crypto::Certificate& issuer, Instant now) {
  const auto life = current.not_after - current.not_before;
  if (!holds(current.dns_names, terms.dns_names) ||
      !holds(current.ip_addresses, terms.ip_addresses))
    return true;
  if (current.authority_key_id != issuer.subject_key_id) return true;
  if (life > terms.life + backdated(terms.life) + 1s) return true;  // in whole seconds
  return now < current.not_before || now >= current.not_before + life * 2 / 3;
}

signer::Order server_order(const ServerTerms& terms, const crypto::PublicKey& key,
                           const crypto::Certificate& issuer, crypto::Serial serial, Instant now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const auto from = std::chrono::floor<std::chrono::seconds>(now - backdated(terms.life));
  return {.kind = signer::Template::server,
          .serial = serial,
          .subject = terms.dns_names.front(),
          .dns_names = terms.dns_names,
          .ip_addresses = terms.ip_addresses,
          .not_before = std::max<Instant>(from, issuer.not_before),
          .not_after = std::min<Instant>(second + terms.life, issuer.not_after),
          .spki = key.spki(),
          .ocsp_url = terms.ocsp_url,
          .issuer = issuer.subject_key_id};
}

}  // namespace muster::desk
