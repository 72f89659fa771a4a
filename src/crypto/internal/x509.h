// crypto/internal/x509 -- the parts that certificates, requests and revocation lists share: names,
// alternative names and extensions (RFC 5280). Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "crypto/internal/der.h"
#include "crypto/internal/openssl.h"
#include "crypto/key.h"

namespace muster::crypto {

inline constexpr std::size_t name_attributes_max = 32;
inline constexpr std::size_t alternative_names_max = 256;
inline constexpr std::size_t extensions_max = 64;

// The last arc of an extension under 2.5.29 (id-ce).
enum class ExtensionId : std::uint8_t {
  subject_key_identifier = 14,
  key_usage = 15,
  subject_alternative_name = 17,
  basic_constraints = 19,
  crl_number = 20,
  reason_code = 21,
  issuing_distribution_point = 28,
  name_constraints = 30,
  crl_distribution_points = 31,
  certificate_policies = 32,
  policy_mappings = 33,
  authority_key_identifier = 35,
  policy_constraints = 36,
  extended_key_usage = 37,
  inhibit_any_policy = 54,
};

struct DistinguishedName {
  ByteView der;                                  // a view into what was read
  std::string common_name, organizational_unit;  // the first unit if there are several
  std::string serial_number;                     // 2.5.4.5
  std::size_t attributes = 0;
};
Result<DistinguishedName> read_name(der::Reader&, const char* what);
void write_name(der::Writer&, std::string_view common_name, std::string_view organizational_unit);
bool fits_a_name(std::string_view);  // 1 to 64 printable characters (ub-common-name)

struct AlternativeNames {
  std::vector<std::string> dns_names, uris, ip_addresses;
  std::size_t count = 0;  // with those of other kinds, which are passed over
};
Result<AlternativeNames> read_alternative_names(ByteView value);
Result<void> write_alternative_names(der::Writer&, const AlternativeNames&);  // GeneralNames
bool is_uri(std::string_view);

struct Extension {
  ByteView oid;
  bool critical = false;
  ByteView value;  // what the OCTET STRING holds
};
// None twice, and no more than extensions_max.
Result<std::vector<Extension>> read_extensions(der::Reader& holder);
bool is(const Extension&, ExtensionId);

template <class Inside>
void write_extension(der::Writer& out, ExtensionId id, bool critical, Inside inside) {
  out.nest(der::sequence, [&] {
    const std::uint8_t oid[] = {0x55, 0x1d, static_cast<std::uint8_t>(id)};
    out.object(oid);
    if (critical) out.truth(true);
    out.nest(der::octet_string, inside);
  });
}

// SEQUENCE { to_be_signed, algorithm, signature }.
Result<Bytes> signed_by(const SigningKey&, ByteView to_be_signed);

// RFC 7093 section 2 method 1: the leftmost 160 bits of SHA-256 of the key's bits.
Bytes key_identifier(const PublicKey&);

}  // namespace muster::crypto
