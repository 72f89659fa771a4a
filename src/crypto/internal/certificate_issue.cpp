#include <algorithm>

#include "crypto/certificate.h"
#include "crypto/internal/algorithm.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {
namespace {

using namespace std::literals;

constexpr auto server_auth_id = "\x2b\x06\x01\x05\x05\x07\x03\x01"sv;
constexpr auto client_auth_id = "\x2b\x06\x01\x05\x05\x07\x03\x02"sv;
constexpr auto registration_authority_id = "\x2b\x06\x01\x05\x05\x07\x03\x1c"sv;  // id-kp-cmcRA
constexpr auto ocsp_signing_id = "\x2b\x06\x01\x05\x05\x07\x03\x09"sv;
constexpr auto ocsp_no_check_id = "\x2b\x06\x01\x05\x05\x07\x30\x01\x05"sv;
constexpr auto authority_access_id = "\x2b\x06\x01\x05\x05\x07\x01\x01"sv;
constexpr auto ocsp_access_id = "\x2b\x06\x01\x05\x05\x07\x30\x01"sv;

// BIT STRINGs with their count of unused bits (RFC 5280 4.2.1.3).
constexpr std::uint8_t signs_certificates_and_lists[] = {1, 0x06};
constexpr std::uint8_t signs_messages[] = {7, 0x80};

bool is_authority(Use use) {
  return use == Use::root_ca || use == Use::issuing_ca || use == Use::cross_ca;
}

std::unexpected<Error> refuse(const std::string& why) {
  return fail(Fault::invalid, "certificate to issue: " + why);
}

Result<void> check_profile(const Profile& profile, const Serial& serial) {
  if (profile.use == Use::birth) return refuse("a birth certificate is its maker's to issue");
  if (!fits_a_name(profile.common_name))
    return refuse("the common name must be 1 to 64 printable characters");
  if (!profile.organizational_unit.empty() && !fits_a_name(profile.organizational_unit))
    return refuse("the organizational unit must be at most 64 printable characters");
  if (profile.not_after <= profile.not_before) return refuse("it would end before it begins");
  if (serial[0] == 0 || serial[0] & 0x80)
    return refuse("the serial's first octet must be 1 to 127");
  if (!profile.crl_url.empty() && !is_uri(profile.crl_url))
    return refuse("the CRL distribution point is not a URI");
  if (!profile.ocsp_url.empty() && !is_uri(profile.ocsp_url))
    return refuse("the OCSP responder's address is not a URI");
  if (profile.registration_authority && profile.use != Use::server)
    return refuse("only a server can be a registration authority");
  const bool named =
      !profile.dns_names.empty() || !profile.ip_addresses.empty() || !profile.uris.empty();
  if (is_authority(profile.use) && named) return refuse("an authority has no alternative names");
  if (profile.use == Use::ocsp_responder && named)
    return refuse("an OCSP responder has no alternative names");
  if (profile.use == Use::server && profile.dns_names.empty() && profile.ip_addresses.empty())
    return refuse("a server needs a DNS name or an IP address");
  return {};
}

Result<void> check_issuer(const Profile& profile, const PublicKey& subject_key,
                          const Certificate* issuer, const SigningKey& signer) {
  const Bytes& signing = signer.public_key().spki();
  if (!issuer) {
    if (profile.use == Use::cross_ca) return refuse("another root's key certifies a root's");
    if (subject_key.spki() != signing) return refuse("self-signed, but by another key");
    return {};
  }
  if (profile.use == Use::root_ca) return refuse("a root is self-signed");
  if (!issuer->is_ca) return refuse("its issuer is not a CA");
  if (issuer->key.spki() != signing) return refuse("the signing key is not its issuer's");
  if (profile.not_after > issuer->not_after)
    return refuse("it would outlive its issuer, which ends " + rfc3339(issuer->not_after));
  return {};
}

std::string_view purpose_of(Use use) {
  if (use == Use::ocsp_responder) return ocsp_signing_id;
  return use == Use::server ? server_auth_id : client_auth_id;
}

void write_extended_key_usage(der::Writer& out, const Profile& profile) {
  write_extension(out, ExtensionId::extended_key_usage, false, [&] {
    out.nest(der::sequence, [&] {
      out.object(bytes_of(purpose_of(profile.use)));
      if (profile.registration_authority) out.object(bytes_of(registration_authority_id));
    });
  });
}

void write_key_identifiers(der::Writer& out, const PublicKey& subject_key,
                           const Certificate* issuer) {
  const Bytes own = key_identifier(subject_key);
  write_extension(out, ExtensionId::subject_key_identifier, false,
                  [&] { out.element(der::octet_string, own); });
  const Bytes& authority = issuer ? issuer->subject_key_id : own;
  if (authority.empty()) return;
  write_extension(out, ExtensionId::authority_key_identifier, false, [&] {
    out.nest(der::sequence, [&] { out.element(der::context(0), authority); });
  });
}

void write_constraints(der::Writer& out, Use use) {
  write_extension(out, ExtensionId::basic_constraints, true, [&] {
    out.nest(der::sequence, [&] {
      if (is_authority(use)) out.truth(true);
      if (use == Use::issuing_ca) out.number(0);  // pathLenConstraint: issues no authorities
    });
  });
  write_extension(out, ExtensionId::key_usage, true, [&] {
    out.element(der::bit_string, is_authority(use) ? ByteView(signs_certificates_and_lists)
                                                   : ByteView(signs_messages));
  });
}

// DistributionPoint with a fullName of one URI.
void write_crl_url(der::Writer& out, std::string_view url) {
  write_extension(out, ExtensionId::crl_distribution_points, false, [&] {
    out.nest(der::sequence, [&] {
      out.nest(der::sequence, [&] {
        out.nest(der::context_constructed(0), [&] {
          out.nest(der::context_constructed(0), [&] { out.text(der::context(6), url); });
        });
      });
    });
  });
}

void write_ocsp_url(der::Writer& out, std::string_view url) {
  out.nest(der::sequence, [&] {
    out.object(bytes_of(authority_access_id));
    out.nest(der::octet_string, [&] {
      out.nest(der::sequence, [&] {
        out.nest(der::sequence, [&] {
          out.object(bytes_of(ocsp_access_id));
          out.text(der::context(6), url);
        });
      });
    });
  });
}

// RFC 6960 4.2.2.2.1: nobody asks whether the responder itself is revoked; it lives briefly
// instead.
void write_no_check(der::Writer& out) {
  out.nest(der::sequence, [&] {
    out.object(bytes_of(ocsp_no_check_id));
    out.nest(der::octet_string, [&] { out.element(der::null, {}); });
  });
}

Result<void> write_extensions(der::Writer& out, const Profile& profile,
                              const PublicKey& subject_key, const Certificate* issuer) {
  write_constraints(out, profile.use);
  if (!is_authority(profile.use)) write_extended_key_usage(out, profile);
  write_key_identifiers(out, subject_key, issuer);
  const AlternativeNames names{
      .dns_names = profile.dns_names, .uris = profile.uris, .ip_addresses = profile.ip_addresses};
  Result<void> result;
  if (!names.dns_names.empty() || !names.uris.empty() || !names.ip_addresses.empty())
    write_extension(out, ExtensionId::subject_alternative_name, false,
                    [&] { result = write_alternative_names(out, names); });
  if (!profile.crl_url.empty()) write_crl_url(out, profile.crl_url);
  if (!profile.ocsp_url.empty()) write_ocsp_url(out, profile.ocsp_url);
  if (profile.use == Use::ocsp_responder) write_no_check(out);
  return result;
}

}  // namespace

Result<Bytes> issue(const Profile& profile, const PublicKey& subject_key, const Serial& serial,
                    const Certificate* issuer, const SigningKey& signer) {
  TRY_VOID(check_profile(profile, serial));
  TRY_VOID(check_issuer(profile, subject_key, issuer, signer));
  der::Writer tbs;
  tbs.reserve(1024);
  Result<void> extended;
  tbs.nest(der::sequence, [&] {
    tbs.nest(der::context_constructed(0), [&] { tbs.number(2); });  // v3
    tbs.number(ByteView(serial));
    tbs.raw(signature_algorithm_der(signer.public_key().algorithm()));
    if (issuer)
      tbs.raw(issuer->subject_der);
    else
      write_name(tbs, profile.common_name, profile.organizational_unit);
    tbs.nest(der::sequence, [&] {
      tbs.time(profile.not_before);
      tbs.time(profile.not_after);
    });
    write_name(tbs, profile.common_name, profile.organizational_unit);
    tbs.raw(subject_key.spki());
    tbs.nest(der::context_constructed(3), [&] {
      tbs.nest(der::sequence,
               [&] { extended = write_extensions(tbs, profile, subject_key, issuer); });
    });
  });
  TRY_VOID(std::move(extended));
  return signed_by(signer, tbs.take());
}

}  // namespace muster::crypto
