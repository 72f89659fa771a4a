#include <algorithm>

#include "crypto/crl.h"
#include "crypto/internal/algorithm.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {
namespace {

std::unexpected<Error> refuse(const std::string& why) {
  return fail(Fault::invalid, why);
}

Result<RevocationReason> read_reason(ByteView value) {
  der::Reader in(value);
  TRY(const der::Element code, in.read(der::enumerated, "reasonCode"));
  TRY_VOID(in.end("reasonCode"));
  // 7 is not used, and 8 belongs into deltas (RFC 5280 5.3.1).
  if (code.content.size() != 1 || code.content[0] > 10 || code.content[0] == 7 ||
      code.content[0] == 8)
    return refuse("reasonCode: no such reason in a complete list");
  return static_cast<RevocationReason>(code.content[0]);
}

Result<Revoked> read_entry(der::Reader& entries) {
  TRY(auto entry, entries.enter(der::sequence, "revokedCertificate"));
  Revoked out;
  TRY(const ByteView serial, entry.number("userCertificate"));
  if (serial.size() > 20 || (serial.size() == 20 && serial[0] & 0x80))
    return refuse("userCertificate: a serial of more than 20 octets");
  out.serial.assign(serial.begin(), serial.end());
  TRY(out.at, entry.time("revocationDate"));
  if (entry.empty()) return out;
  TRY(const auto extensions, read_extensions(entry));
  TRY_VOID(entry.end("revokedCertificate"));
  for (const Extension& one : extensions) {
    if (is(one, ExtensionId::reason_code)) {
      TRY(out.reason, read_reason(one.value));
    } else if (one.critical) {
      return refuse("extension " + der::dotted(one.oid) + ": critical and not known here");
    }
  }
  return out;
}

Result<void> read_point(der::Reader& holder, CrlScope& out) {
  TRY(auto point, holder.enter(der::context_constructed(0), "distributionPoint"));
  TRY(auto names, point.enter(der::context_constructed(0), "fullName"));
  TRY_VOID(point.end("distributionPoint"));
  TRY(const der::Element uri, names.read(der::context(6), "fullName"));
  TRY_VOID(names.end("fullName"));
  if (!is_uri(text_of(uri.content))) return refuse("fullName: not a URI");
  out.shard_uri = text_of(uri.content);
  return {};
}

Result<void> read_scope(ByteView value, CrlScope& out) {
  TRY(auto scope, der::enter_only(value, der::sequence, "issuingDistributionPoint"));
  if (scope.next_is(der::context_constructed(0))) TRY_VOID(read_point(scope, out));
  if (scope.next_is(der::context(1))) {
    TRY(const der::Element user, scope.any("onlyContainsUserCerts"));
    if (user.content.size() != 1 || user.content[0] != 0xff)
      return refuse("onlyContainsUserCerts: stated, but not TRUE");
    out.only_user_certificates = true;
  }
  if (!scope.empty())
    return refuse(
        "issuingDistributionPoint: lists by reason, of CAs only, and indirect ones are "
        "not read");
  if (out == CrlScope{}) return refuse("issuingDistributionPoint: present and empty");
  return {};
}

Result<void> read_list_extensions(der::Reader& tbs, CrlTerms& out) {
  TRY(auto holder, tbs.enter(der::context_constructed(0), "crlExtensions"));
  TRY(const auto extensions, read_extensions(holder));
  TRY_VOID(holder.end("crlExtensions"));
  bool numbered = false;
  for (const Extension& one : extensions) {
    if (is(one, ExtensionId::crl_number)) {
      der::Reader in(one.value);
      TRY(out.number, in.small_number("cRLNumber"));
      TRY_VOID(in.end("cRLNumber"));
      numbered = true;
    } else if (is(one, ExtensionId::issuing_distribution_point)) {
      TRY_VOID(read_scope(one.value, out.scope));
    } else if (one.critical) {
      return refuse("extension " + der::dotted(one.oid) + ": critical and not known here");
    }
  }
  if (!numbered) return refuse("cRLNumber: missing");
  return {};
}

Result<void> read_entries(der::Reader& tbs, std::vector<Revoked>& out) {
  TRY(auto entries, tbs.enter(der::sequence, "revokedCertificates"));
  if (entries.empty()) return refuse("revokedCertificates: present and empty");
  while (!entries.empty()) {
    if (out.size() == crl_entries_max) return refuse("more than 1,500,000 entries");
    TRY(auto entry, read_entry(entries));
    out.push_back(std::move(entry));
  }
  return {};
}

Result<Crl> read_tbs(der::Reader tbs, ByteView outer_algorithm, const Certificate& issuer) {
  Crl out;
  TRY(const auto version, tbs.small_number("version"));
  if (version != 1) return refuse("version: only v2 is taken");
  TRY(const der::Element algorithm, tbs.read(der::sequence, "signature"));
  if (!std::ranges::equal(algorithm.whole, outer_algorithm))
    return refuse("signature: not the algorithm that the list is signed with");
  TRY(const auto name, read_name(tbs, "issuer"));
  if (!std::ranges::equal(name.der, issuer.subject_der)) return refuse("issuer: another's list");
  TRY(out.terms.this_update, tbs.time("thisUpdate"));
  TRY(out.terms.next_update, tbs.time("nextUpdate"));
  if (out.terms.next_update <= out.terms.this_update)
    return refuse("nextUpdate: not after thisUpdate");
  if (tbs.next_is(der::sequence)) TRY_VOID(read_entries(tbs, out.revoked));
  TRY_VOID(read_list_extensions(tbs, out.terms));
  TRY_VOID(tbs.end("tbsCertList"));
  return out;
}

Result<Crl> read_list(ByteView der, const Certificate& issuer) {
  if (der.size() > crl_bytes_max) return refuse("longer than 64 MiB");
  TRY(auto list, der::enter_only(der, der::sequence, "list"));
  TRY(const der::Element tbs, list.read(der::sequence, "tbsCertList"));
  der::Reader ahead = list;
  TRY(const der::Element algorithm, ahead.read(der::sequence, "signatureAlgorithm"));
  TRY(const auto signature_algorithm, read_signature_algorithm(list, "the signature"));
  TRY(const ByteView signature, list.whole_bits("signatureValue"));
  TRY_VOID(list.end("list"));
  const bool ecdsa_key = issuer.key.algorithm() != Algorithm::ed25519;
  if (!issuer.is_ca || signature_algorithm.ecdsa != ecdsa_key ||
      !issuer.key.verify(tbs.whole, signature, signature_algorithm.digest))
    return fail(Fault::unauthorized, "not signed by \"" + issuer.common_name + "\"");
  return read_tbs(der::Reader(tbs.content, 2), algorithm.whole, issuer);
}

}  // namespace

Result<Crl> parse_crl(ByteView der, const Certificate& issuer) {
  auto out = read_list(der, issuer);
  if (!out) return fail(out.error().fault, "revocation list: " + out.error().message);
  return out;
}

}  // namespace muster::crypto
