// crypto/certificate -- X.509 v3 (RFC 5280): issue from a profile, parse what matters, verify a
// chain.
//
// issue() writes the DER itself, so that a certificate costs little more than its signature.
// Reading is strict: v3 only, no extension twice, no critical one that is not known here, and what
// RFC 5280 asks of serials, names and constraints; keys and signatures as in crypto/key.
// Times are whole seconds. Pure but for the signing key; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/key.h"

namespace muster::crypto {

using Serial =
    std::array<std::uint8_t, 16>;  // positive: the top bit is clear and the first octet not zero
std::string serial_hex(const Serial&);
Serial random_serial(Random&);  // 126 bits of chance

// birth: what a maker gave a device for life (IDevID, IEEE 802.1AR). Verified here, never issued.
// cross_ca: a root's name and key, certified by another root (RFC 4210 4.4).
enum class Use { root_ca, issuing_ca, server, client, ocsp_responder, birth, cross_ca };

struct Profile {
  Use use = Use::client;
  std::string common_name;
  std::string organizational_unit = {};
  std::vector<std::string> dns_names = {}, ip_addresses = {}, uris = {};
  Instant not_before, not_after;
  bool registration_authority = false;  // adds id-kp-cmcRA (RFC 7030 3.6.1), for the EST server
  std::string crl_url = {};             // CRL distribution point; empty: none
  std::string ocsp_url = {};            // where to ask for its state; empty: none
};

inline constexpr std::size_t certificate_bytes_max = 32 * 1024;

struct Certificate {
  Bytes der;
  PublicKey key;
  Bytes serial;                                  // big endian, without leading zero octets
  std::string common_name, organizational_unit;  // of the subject; empty if it has none
  std::string serial_number;  // of the subject (2.5.4.5): a device's, as its maker numbers it
  std::string issuer_name;    // the issuer's common name
  std::vector<std::string> dns_names, uris, ip_addresses;
  Bytes subject_key_id, authority_key_id;  // empty if it has none
  Bytes subject_der, issuer_der;
  Instant not_before, not_after;
  bool is_ca = false, client_auth = false, server_auth = false, ocsp_signing = false;
  bool has_purposes = false;  // an extended key usage, whatever it names
  bool any_purpose = false;   // anyExtendedKeyUsage: a leaf with it is refused
  Hash fingerprint;           // SHA-256 of the DER
};

// issuer: null makes it self-signed by `signer`. `subject_key` is copied as it stands. Refused:
// names that do not fit their field, a signer that is not the issuer's key, an issuer that is no
// CA, and a life that ends after the issuer's.
Result<Bytes> issue(const Profile&, const PublicKey& subject_key, const Serial&,
                    const Certificate* issuer, const SigningKey& signer);

Result<Certificate> parse_certificate(ByteView der);
Result<std::vector<Certificate>> parse_certificates_pem(std::string_view);  // at least one
std::string certificate_pem(ByteView der);

// leaf → intermediates → one of the anchors, each signature, validity time, CA bit and purpose;
// strict (X509_V_FLAG_X509_STRICT). The leaf states the purpose (client or server) in its extended
// key usage, a server's also a name; one of birth states clientAuth or has no extended key usage,
// as makers do. An anchor need not be self-signed, but must be a CA. unauthorized, with the reason,
// if the chain does not hold; not_after itself is too late. Between leaf and anchor there are at
// most `intermediates_used_max` certificates.
inline constexpr int intermediates_used_max = 8;
Result<void> verify_chain(const Certificate& leaf, std::span<const Certificate> intermediates,
                          std::span<const Certificate> anchors, Use purpose, Instant now,
                          int used_max = intermediates_used_max);

// A server's certificate names this host, a DNS name or an IP address, among its alternative names
// (RFC 9525): in either case of letters, and a star for the first label, whole and only it.
Result<void> verify_server_name(const Certificate& leaf, std::string_view host);

}  // namespace muster::crypto
