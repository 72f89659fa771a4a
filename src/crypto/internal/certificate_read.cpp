#include <algorithm>

#include "crypto/certificate.h"
#include "crypto/internal/algorithm.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {
namespace {

using namespace std::literals;

constexpr auto server_auth_id = "\x2b\x06\x01\x05\x05\x07\x03\x01"sv;
constexpr auto client_auth_id = "\x2b\x06\x01\x05\x05\x07\x03\x02"sv;
constexpr auto ocsp_signing_id = "\x2b\x06\x01\x05\x05\x07\x03\x09"sv;
constexpr auto any_purpose_id = "\x55\x1d\x25\x00"sv;
constexpr auto authority_access_id = "\x2b\x06\x01\x05\x05\x07\x01\x01"sv;
constexpr std::uint8_t key_cert_sign = 0x04;  // bit 5 of the first octet of keyUsage

// What the extensions say before they are weighed against each other.
struct Stated {
  bool has_key_usage = false, may_sign_certificates = false, has_path_length = false,
       has_name_constraints = false;
};

std::unexpected<Error> refuse(const std::string& why) {
  return fail(Fault::invalid, why);
}

Result<void> read_basic_constraints(ByteView value, Certificate& out, Stated& stated) {
  TRY(auto constraints, der::enter_only(value, der::sequence, "basicConstraints"));
  if (constraints.next_is(der::boolean)) {
    TRY(out.is_ca, constraints.truth("basicConstraints"));
  }
  if (!constraints.empty()) {
    stated.has_path_length = true;
    TRY_VOID(constraints.small_number("pathLenConstraint"));
  }
  return constraints.end("basicConstraints");
}

Result<void> read_key_usage(ByteView value, Stated& stated) {
  der::Reader in(value);
  TRY(const der::Element usage, in.read(der::bit_string, "keyUsage"));
  TRY_VOID(in.end("keyUsage"));
  const ByteView bits = usage.content;
  if (bits.size() < 2 || bits.size() > 3 || bits[0] > 7 ||
      (bits.back() & ((1u << bits[0]) - 1)) != 0)
    return refuse("keyUsage: not a BIT STRING of up to nine bits");
  stated.has_key_usage = true;
  stated.may_sign_certificates = bits[1] & key_cert_sign;
  return {};
}

// anyExtendedKeyUsage grants nothing: a leaf must say what it is for.
Result<void> read_extended_key_usage(ByteView value, Certificate& out) {
  TRY(auto purposes, der::enter_only(value, der::sequence, "extKeyUsage"));
  if (purposes.empty()) return refuse("extKeyUsage: present and empty");
  out.has_purposes = true;
  while (!purposes.empty()) {
    TRY(const ByteView purpose, purposes.object("extKeyUsage"));
    out.client_auth |= text_of(purpose) == client_auth_id;
    out.server_auth |= text_of(purpose) == server_auth_id;
    out.ocsp_signing |= text_of(purpose) == ocsp_signing_id;
    out.any_purpose |= text_of(purpose) == any_purpose_id;
  }
  return {};
}

Result<void> read_names(ByteView value, Certificate& out) {
  TRY(auto names, read_alternative_names(value));
  out.dns_names = std::move(names.dns_names);
  out.uris = std::move(names.uris);
  out.ip_addresses = std::move(names.ip_addresses);
  return {};
}

Result<void> read_subject_key_id(ByteView value, Certificate& out) {
  der::Reader in(value);
  TRY(const ByteView id, in.octets("subjectKeyIdentifier"));
  if (id.empty() || id.size() > 64) return refuse("subjectKeyIdentifier: not 1 to 64 octets");
  out.subject_key_id.assign(id.begin(), id.end());
  return in.end("subjectKeyIdentifier");
}

// RFC 5280 4.2.1.1 asks for the key's identifier, and for the issuer's name and the serial together
// if at all.
Result<void> read_authority_key_id(ByteView value, Certificate& out) {
  TRY(auto in, der::enter_only(value, der::sequence, "authorityKeyIdentifier"));
  if (!in.next_is(der::context(0)))
    return refuse("authorityKeyIdentifier: without the key's identifier");
  TRY(const der::Element id, in.any("authorityKeyIdentifier"));
  if (id.content.empty() || id.content.size() > 64)
    return refuse("authorityKeyIdentifier: not 1 to 64 octets");
  out.authority_key_id.assign(id.content.begin(), id.content.end());
  if (in.empty()) return {};
  TRY_VOID(in.read(der::context_constructed(1), "authorityCertIssuer"));
  TRY_VOID(in.read(der::context(2), "authorityCertSerialNumber"));
  return in.end("authorityKeyIdentifier");
}

// The shape only: OpenSSL obeys them. RFC 5280 4.2.1.10: neither they nor either of them is empty.
Result<void> check_name_constraints(const Extension& extension) {
  if (!extension.critical) return refuse("nameConstraints: not critical (RFC 5280 4.2.1.10)");
  TRY(auto in, der::enter_only(extension.value, der::sequence, "nameConstraints"));
  if (in.empty()) return refuse("nameConstraints: present and empty");
  for (const unsigned subtrees : {0u, 1u}) {
    if (!in.next_is(der::context_constructed(subtrees))) continue;
    TRY(const der::Element list, in.any("nameConstraints"));
    if (list.content.empty()) return refuse("nameConstraints: an empty list of subtrees");
  }
  return in.end("nameConstraints");
}

// The shape of AuthorityInfoAccessSyntax; its addresses are never fetched.
Result<void> check_authority_access(ByteView value) {
  TRY(auto list, der::enter_only(value, der::sequence, "authorityInfoAccess"));
  if (list.empty()) return refuse("authorityInfoAccess: present and empty");
  while (!list.empty()) {
    TRY(auto access, list.enter(der::sequence, "authorityInfoAccess"));
    TRY_VOID(access.object("authorityInfoAccess"));
    TRY_VOID(access.any("authorityInfoAccess"));
    TRY_VOID(access.end("authorityInfoAccess"));
  }
  return {};
}

Result<void> read_extension(const Extension& extension, Certificate& out, Stated& stated) {
  using enum ExtensionId;
  if (is(extension, basic_constraints)) return read_basic_constraints(extension.value, out, stated);
  if (is(extension, key_usage)) return read_key_usage(extension.value, stated);
  if (is(extension, extended_key_usage)) return read_extended_key_usage(extension.value, out);
  if (is(extension, subject_alternative_name)) return read_names(extension.value, out);
  if (is(extension, name_constraints)) {
    stated.has_name_constraints = true;
    return check_name_constraints(extension);
  }
  // The chain's verifier obeys these.
  for (ExtensionId policy :
       {certificate_policies, policy_mappings, policy_constraints, inhibit_any_policy})
    if (is(extension, policy)) return {};
  if (extension.critical)
    return refuse("extension " + der::dotted(extension.oid) + ": critical and not known here");
  if (is(extension, subject_key_identifier)) return read_subject_key_id(extension.value, out);
  if (is(extension, authority_key_identifier)) return read_authority_key_id(extension.value, out);
  if (text_of(extension.oid) == authority_access_id) return check_authority_access(extension.value);
  return {};
}

Result<void> weigh(const Certificate& certificate, const Stated& stated) {
  if (certificate.is_ca && stated.has_key_usage && !stated.may_sign_certificates)
    return refuse("keyUsage: a CA that may not sign certificates");
  if (!certificate.is_ca && stated.may_sign_certificates)
    return refuse("keyUsage: may sign certificates, but is no CA");
  if (!certificate.is_ca && stated.has_path_length)
    return refuse("pathLenConstraint: in a certificate that is no CA");
  if (!certificate.is_ca && stated.has_name_constraints)
    return refuse("nameConstraints: in a certificate that is no CA");
  return {};
}

Result<void> read_all_extensions(der::Reader& tbs, Certificate& out) {
  if (tbs.empty()) return {};
  TRY(auto holder, tbs.enter(der::context_constructed(3), "extensions"));
  TRY(const auto extensions, read_extensions(holder));
  TRY_VOID(holder.end("extensions"));
  Stated stated;
  for (const Extension& extension : extensions) TRY_VOID(read_extension(extension, out, stated));
  return weigh(out, stated);
}

Result<void> read_version_and_serial(der::Reader& tbs, Certificate& out) {
  if (!tbs.next_is(der::context_constructed(0))) return refuse("version: v1, and only v3 is taken");
  TRY(auto version, tbs.enter(der::context_constructed(0), "version"));
  TRY(const auto number, version.small_number("version"));
  TRY_VOID(version.end("version"));
  if (number != 2) return refuse("version: only v3 is taken");
  TRY(const ByteView serial, tbs.number("serialNumber"));
  // RFC 5280 4.1.2.2: positive, at most 20 octets with the sign's.
  if (serial.size() > 20 || (serial.size() == 20 && serial[0] & 0x80))
    return refuse("serialNumber: more than 20 octets");
  if (serial.size() == 1 && serial[0] == 0) return refuse("serialNumber: zero");
  out.serial.assign(serial.begin(), serial.end());
  return {};
}

Result<void> read_validity(der::Reader& tbs, Certificate& out) {
  TRY(auto validity, tbs.enter(der::sequence, "validity"));
  TRY(out.not_before, validity.time("notBefore"));
  TRY(out.not_after, validity.time("notAfter"));
  TRY_VOID(validity.end("validity"));
  if (out.not_after < out.not_before) return refuse("validity: ends before it begins");
  return {};
}

Result<Certificate> read_tbs(der::Reader tbs, ByteView outer_algorithm) {
  Certificate out{};
  TRY_VOID(read_version_and_serial(tbs, out));
  TRY(const der::Element algorithm, tbs.read(der::sequence, "signature"));
  if (!std::ranges::equal(algorithm.whole, outer_algorithm))
    return refuse("signature: not the algorithm that the certificate is signed with");
  TRY(auto issuer, read_name(tbs, "issuer"));
  out.issuer_der.assign(issuer.der.begin(), issuer.der.end());
  out.issuer_name = std::move(issuer.common_name);
  TRY_VOID(read_validity(tbs, out));
  TRY(auto subject, read_name(tbs, "subject"));
  out.subject_der.assign(subject.der.begin(), subject.der.end());
  out.common_name = std::move(subject.common_name);
  out.organizational_unit = std::move(subject.organizational_unit);
  out.serial_number = std::move(subject.serial_number);
  TRY(const der::Element spki, tbs.read(der::sequence, "subjectPublicKeyInfo"));
  TRY(out.key, PublicKey::from_spki(spki.whole));
  TRY_VOID(read_all_extensions(tbs, out));
  TRY_VOID(tbs.end("tbsCertificate"));
  return out;
}

Result<Certificate> read_certificate(ByteView der) {
  if (der.size() > certificate_bytes_max) return refuse("longer than 32 KiB");
  TRY(auto certificate, der::enter_only(der, der::sequence, "certificate"));
  TRY(const der::Element tbs, certificate.read(der::sequence, "tbsCertificate"));
  der::Reader ahead = certificate;
  TRY(const der::Element algorithm, ahead.read(der::sequence, "signatureAlgorithm"));
  TRY_VOID(read_signature_algorithm(certificate, "the signature"));
  TRY_VOID(certificate.whole_bits("signatureValue"));
  TRY_VOID(certificate.end("certificate"));
  TRY(auto out, read_tbs(der::Reader(tbs.content, 2), algorithm.whole));
  out.der.assign(der.begin(), der.end());
  out.fingerprint = sha256(der);
  return out;
}

}  // namespace

Result<Certificate> parse_certificate(ByteView der) {
  auto out = read_certificate(der);
  if (!out) return fail(out.error().fault, "certificate: " + out.error().message);
  return out;
}

}  // namespace muster::crypto
