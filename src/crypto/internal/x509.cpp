#include "crypto/internal/x509.h"

#include <arpa/inet.h>

#include <algorithm>

#include "crypto/internal/algorithm.h"
#include "crypto/internal/utf8.h"

namespace muster::crypto {
namespace {

using namespace std::literals;

constexpr auto common_name_id = "\x55\x04\x03"sv;
constexpr auto serial_number_id = "\x55\x04\x05"sv;
constexpr auto organizational_unit_id = "\x55\x04\x0b"sv;

constexpr der::Tag dns_tag = der::context(2);
constexpr der::Tag uri_tag = der::context(6);
constexpr der::Tag ip_tag = der::context(7);
constexpr std::uint8_t teletex_string = 0x14;

bool is_ascii_graph(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_dns_label(std::string_view label) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), allowed);
}

// RFC 1123 labels; a star may stand for the whole first of three or more.
bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  if (name.starts_with("*.")) {
    name.remove_prefix(2);
    if (name.find('.') == name.npos) return false;
  }
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_dns_label(name.substr(0, dot))) return false;
    if (dot == name.npos) return true;
    name.remove_prefix(dot + 1);
  }
}

Result<std::string> read_directory_string(const der::Element& value, const char* what) {
  const std::string_view text = text_of(value.content);
  const bool known_type = value.tag == der::utf8_string || value.tag == der::printable_string ||
                          value.tag == der::ia5_string || value.tag == teletex_string;
  if (!known_type || text.empty() || text.size() > 1024 || !is_printable_utf8(text))
    return fail(Fault::invalid, std::string(what) + ": a name that is not printable text");
  return std::string(text);
}

Result<void> read_attribute(der::Reader& set, DistinguishedName& out, const char* what) {
  TRY(auto attribute, set.enter(der::sequence, what));
  TRY(const ByteView id, attribute.object(what));
  TRY(const der::Element value, attribute.any(what));
  TRY_VOID(attribute.end(what));
  if (text_of(id) == common_name_id) {
    if (!out.common_name.empty())
      return fail(Fault::invalid, std::string(what) + ": two common names; which one counts?");
    TRY(out.common_name, read_directory_string(value, what));
  } else if (text_of(id) == serial_number_id) {
    if (!out.serial_number.empty())
      return fail(Fault::invalid, std::string(what) + ": two serial numbers; which one counts?");
    TRY(out.serial_number, read_directory_string(value, what));
  } else if (text_of(id) == organizational_unit_id && out.organizational_unit.empty()) {
    TRY(out.organizational_unit, read_directory_string(value, what));
  }
  return {};
}

std::unexpected<Error> bad_name(const char* why) {
  return fail(Fault::invalid, std::string("subjectAltName: ") + why);
}

Result<std::string> show_ip(ByteView octets) {
  char text[INET6_ADDRSTRLEN];
  const int family = octets.size() == 4 ? AF_INET : AF_INET6;
  if ((octets.size() != 4 && octets.size() != 16) ||
      !inet_ntop(family, octets.data(), text, sizeof text))
    return bad_name("an IP address that has neither 4 nor 16 octets");
  return std::string(text);
}

Result<void> write_ip(der::Writer& out, const std::string& address) {
  std::uint8_t octets[16];
  if (inet_pton(AF_INET, address.c_str(), octets) == 1)
    out.element(ip_tag, ByteView(octets).first(4));
  else if (inet_pton(AF_INET6, address.c_str(), octets) == 1)
    out.element(ip_tag, octets);
  else
    return bad_name("an IP address that is neither IPv4 nor IPv6");
  return {};
}

void write_attribute(der::Writer& out, std::string_view id, std::string_view value) {
  out.nest(der::set, [&] {
    out.nest(der::sequence, [&] {
      out.object(bytes_of(id));
      out.text(der::utf8_string, value);
    });
  });
}

}  // namespace

bool fits_a_name(std::string_view text) {
  return !text.empty() && is_printable_utf8(text) && characters_in(text) <= 64;
}

Result<DistinguishedName> read_name(der::Reader& in, const char* what) {
  TRY(const der::Element whole, in.read(der::sequence, what));
  TRY(auto name, der::enter_only(whole.whole, der::sequence, what));
  DistinguishedName out{};
  out.der = whole.whole;
  while (!name.empty()) {
    TRY(auto set, name.enter(der::set, what));
    do {
      if (++out.attributes > name_attributes_max)
        return fail(Fault::invalid, std::string(what) + ": more than 32 attributes");
      TRY_VOID(read_attribute(set, out, what));
    } while (!set.empty());
  }
  return out;
}

void write_name(der::Writer& out, std::string_view common_name,
                std::string_view organizational_unit) {
  out.nest(der::sequence, [&] {
    if (!organizational_unit.empty())
      write_attribute(out, organizational_unit_id, organizational_unit);
    if (!common_name.empty()) write_attribute(out, common_name_id, common_name);
  });
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != 0 && colon != text.npos && text.size() <= 2048 && is_ascii_graph(text);
}

Result<AlternativeNames> read_alternative_names(ByteView value) {
  TRY(auto names, der::enter_only(value, der::sequence, "subjectAltName"));
  AlternativeNames out;
  while (!names.empty()) {
    TRY(const der::Element name, names.any("subjectAltName"));
    if (++out.count > alternative_names_max) return bad_name("more than 256 names");
    const std::string_view text = text_of(name.content);
    if (name.tag == dns_tag) {
      if (!is_dns_name(text)) return bad_name("a DNS name that is not one");
      out.dns_names.emplace_back(text);
    } else if (name.tag == uri_tag) {
      if (!is_uri(text)) return bad_name("a URI that is not one");
      out.uris.emplace_back(text);
    } else if (name.tag == ip_tag) {
      TRY(auto address, show_ip(name.content));
      out.ip_addresses.push_back(std::move(address));
    }
  }
  if (out.count == 0) return bad_name("present and empty");
  return out;
}

Result<void> write_alternative_names(der::Writer& out, const AlternativeNames& names) {
  Result<void> result;
  out.nest(der::sequence, [&] {
    for (const std::string& name : names.dns_names) {
      if (!is_dns_name(name)) result = bad_name("a DNS name that is not one");
      out.text(dns_tag, name);
    }
    for (const std::string& uri : names.uris) {
      if (!is_uri(uri)) result = bad_name("a URI that is not one");
      out.text(uri_tag, uri);
    }
    for (const std::string& address : names.ip_addresses)
      if (auto written = write_ip(out, address); !written) result = std::move(written);
  });
  return result;
}

Result<std::vector<Extension>> read_extensions(der::Reader& holder) {
  TRY(auto list, holder.enter(der::sequence, "extensions"));
  std::vector<Extension> out;
  while (!list.empty()) {
    TRY(auto entry, list.enter(der::sequence, "extension"));
    Extension one;
    TRY(one.oid, entry.object("extnID"));
    if (entry.next_is(der::boolean)) {
      TRY(one.critical, entry.truth("critical"));
    }
    TRY(one.value, entry.octets("extnValue"));
    TRY_VOID(entry.end("extension"));
    const auto same = [&](const Extension& other) {
      return std::ranges::equal(other.oid, one.oid);
    };
    if (out.size() == extensions_max || std::any_of(out.begin(), out.end(), same))
      return fail(Fault::invalid, "extension " + der::dotted(one.oid) + ": " +
                                      (out.size() == extensions_max ? "too many" : "twice"));
    out.push_back(one);
  }
  return out;
}

bool is(const Extension& extension, ExtensionId id) {
  return extension.oid.size() == 3 && extension.oid[0] == 0x55 && extension.oid[1] == 0x1d &&
         extension.oid[2] == static_cast<std::uint8_t>(id);
}

Result<Bytes> signed_by(const SigningKey& signer, ByteView to_be_signed) {
  TRY(const Bytes signature, signer.sign(to_be_signed));
  der::Writer out;
  out.reserve(to_be_signed.size() + signature.size() + 64);
  out.nest(der::sequence, [&] {
    out.raw(to_be_signed);
    out.raw(signature_algorithm_der(signer.public_key().algorithm()));
    out.bits(signature);
  });
  return out.take();
}

Bytes key_identifier(const PublicKey& key) {
  const auto subject = read_subject_key(key.spki());
  const Hash hash = sha256(subject ? subject->point : ByteView());
  return Bytes(hash.begin(), hash.begin() + 20);
}

}  // namespace muster::crypto
