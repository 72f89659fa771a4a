// crypto/certificate -- X.509 v3 (RFC 5280): issue from a profile, parse what matters, verify a
// chain.
//
// issue() fills an own DER template, so that a certificate costs little more than its signature.
// Times are whole seconds. Pure but for the signing key; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/key.h"

namespace muster::crypto {

using Serial =
    std::array<std::uint8_t, 16>;  // positive: the top bit is clear and the first octet not zero
std::string serial_hex(const Serial&);

enum class Use { root_ca, issuing_ca, server, client };

struct Profile {
  Use use = Use::client;
  std::string common_name;
  std::string organizational_unit = {};
  std::vector<std::string> dns_names = {}, ip_addresses = {}, uris = {};
  Instant not_before, not_after;
  bool registration_authority = false;  // adds id-kp-cmcRA (RFC 7030 3.6.1), for the EST server
  std::string crl_url = {};             // CRL distribution point; empty: none
};

struct Certificate {
  Bytes der;
  PublicKey key;
  Bytes serial;  // big endian, without leading zero octets
  std::string common_name, organizational_unit, issuer_name;
  std::vector<std::string> dns_names, uris;
  Bytes subject_der, issuer_der;
  Instant not_before, not_after;
  bool is_ca = false, client_auth = false, server_auth = false;
  Hash fingerprint;  // SHA-256 of the DER
};

// issuer: null makes it self-signed by `signer`. `subject_key` is copied as it stands.
Result<Bytes> issue(const Profile&, const PublicKey& subject_key, const Serial&,
                    const Certificate* issuer, const SigningKey& signer);

Result<Certificate> parse_certificate(ByteView der);
Result<std::vector<Certificate>> parse_certificates_pem(std::string_view);  // at least one
std::string certificate_pem(ByteView der);

// leaf → intermediates → one of the anchors, each signature, validity time, CA bit and purpose;
// strict (X509_V_FLAG_X509_STRICT).
Result<void> verify_chain(const Certificate& leaf, std::span<const Certificate> intermediates,
                          std::span<const Certificate> anchors, Use purpose, Instant now);

}  // namespace muster::crypto
