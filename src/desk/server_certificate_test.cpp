#include "desk/server_certificate.h"

#include <catch2/catch.hpp>

#include "signer/keeper.h"
#include "signer/policy.h"

using namespace muster;
using namespace muster::desk;

namespace {

const Instant noon = instant(1'800'000'000'000);

crypto::FileKey new_key() {
  return expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
}

struct Authority {
  Authority() {
    const crypto::Profile root{.use = crypto::Use::root_ca,
                               .common_name = "Root",
                               .not_before = noon - 48h,
                               .not_after = noon + 3650 * 24h};
    issuer = expect(crypto::parse_certificate(
        expect(crypto::issue(root, key.public_key(), {1}, nullptr, key))));
  }
  crypto::Certificate certificate(const ServerTerms& terms, Instant now = noon) const {
    const auto order = server_order(terms, server.public_key(), issuer, {7}, now);
    const signer::Policy policy{.server_names = terms.dns_names,
                                .server_addresses = terms.ip_addresses,
                                .url_prefixes = {"http://pki.example/"}};
    const auto profile = expect(signer::profile_of(order, policy, now));
    return expect(crypto::parse_certificate(
        expect(crypto::issue(profile, server.public_key(), {7}, &issuer, key))));
  }
  crypto::FileKey key = new_key(), server = new_key();
  crypto::Certificate issuer;
};

ServerTerms terms(Duration life) {
  return {.dns_names = {"muster.example", "localhost"},
          .ip_addresses = {"127.0.0.1"},
          .life = life,
          .ocsp_url = "http://pki.example/ocsp"};
}

}  // namespace

TEST_CASE("a server certificate is renewed at two thirds of its life, however short it is") {
  Authority ca;
  for (const Duration life : {Duration(1min), Duration(90min), Duration(365 * 24h)}) {
    const auto wanted = terms(life);
    const auto current = ca.certificate(wanted);
    CHECK(current.not_after == noon + life);
    CHECK_FALSE(renewal_due(current, wanted, ca.issuer, noon));
    CHECK_FALSE(renewal_due(current, wanted, ca.issuer, noon + life / 2));
    CHECK(renewal_due(current, wanted, ca.issuer, noon + life * 7 / 10));
    CHECK(renewal_due(current, wanted, ca.issuer, current.not_after + 24h));
  }
}

TEST_CASE("a server certificate is renewed when a name is missing, not when one is over") {
  Authority ca;
  auto wanted = terms(24h);
  const auto current = ca.certificate(wanted);
  wanted.dns_names.push_back("new.example");
  CHECK(renewal_due(current, wanted, ca.issuer, noon));
  wanted.dns_names = {"localhost"};
  CHECK_FALSE(renewal_due(current, wanted, ca.issuer, noon));
  wanted.ip_addresses.push_back("192.0.2.1");
  CHECK(renewal_due(current, wanted, ca.issuer, noon));
}

TEST_CASE("a server certificate is renewed when it would last longer than is wanted now") {
  Authority ca;
  const auto current = ca.certificate(terms(365 * 24h));
  CHECK(renewal_due(current, terms(30 * 24h), ca.issuer, noon));
}

TEST_CASE("a server certificate is renewed when another CA issues, and after the clock went back") {
  Authority ca, other;
  const auto current = ca.certificate(terms(24h));
  CHECK(renewal_due(current, terms(24h), other.issuer, noon));
  CHECK(renewal_due(current, terms(24h), ca.issuer, noon - 48h));
}

TEST_CASE("a server certificate holds for a client whose clock is a day behind or ahead") {
  const Authority authority;
  const auto certificate = authority.certificate(terms(90 * 24h));
  CHECK(certificate.not_before <= noon - 24h);
  CHECK(certificate.not_after >= noon + 24h);
  CHECK_FALSE(renewal_due(certificate, terms(90 * 24h), authority.issuer, noon));
  CHECK_FALSE(renewal_due(certificate, terms(90 * 24h), authority.issuer, noon + 24h));
  CHECK_FALSE(renewal_due(certificate, terms(90 * 24h), authority.issuer, noon - 24h));
}
