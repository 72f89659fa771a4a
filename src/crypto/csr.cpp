#include "crypto/csr.h"

#include "crypto/internal/algorithm.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {
namespace {

using namespace std::literals;

constexpr auto extension_request_id = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"sv;
constexpr auto challenge_password_id = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07"sv;
constexpr std::size_t attributes_max = 16;
constexpr std::size_t challenge_password_max = 255;  // RFC 2985 section 5.4.1

Result<void> read_requested_extensions(ByteView values, Csr& out) {
  der::Reader set(values);
  TRY(const auto extensions, read_extensions(set));
  TRY_VOID(set.end("extensionRequest"));
  for (const Extension& extension : extensions) {
    if (is(extension, ExtensionId::basic_constraints)) {
      TRY(auto constraints, der::enter_only(extension.value, der::sequence, "basicConstraints"));
      if (constraints.next_is(der::boolean)) {
        TRY(out.authority, constraints.truth("cA"));
      }
    }
    if (!is(extension, ExtensionId::subject_alternative_name)) continue;
    TRY(auto names, read_alternative_names(extension.value));
    out.dns_names = std::move(names.dns_names);
    out.uris = std::move(names.uris);
    out.ip_addresses = std::move(names.ip_addresses);
  }
  return {};
}

Result<void> read_challenge(ByteView values, Csr& out) {
  der::Reader set(values);
  TRY(const der::Element text, set.any("challengePassword"));
  TRY_VOID(set.end("challengePassword"));
  if (text.content.empty() || text.content.size() > challenge_password_max)
    return fail(Fault::invalid, "challengePassword: must have 1 to 255 octets");
  out.challenge_password = text_of(text.content);
  return {};
}

// An extensionRequest and a challengePassword say something to us; each may come once.
Result<void> read_attributes(der::Reader& info, Csr& out) {
  if (info.empty()) return {};  // against RFC 2986, but some leave the empty set out
  TRY(auto attributes, info.enter(der::context_constructed(0), "attributes"));
  std::size_t count = 0;
  bool extensions_seen = false, challenge_seen = false;
  while (!attributes.empty()) {
    if (++count > attributes_max) return fail(Fault::invalid, "attributes: more than 16");
    TRY(auto attribute, attributes.enter(der::sequence, "attribute"));
    TRY(const ByteView id, attribute.object("attribute"));
    TRY(const der::Element values, attribute.read(der::set, "attribute"));
    TRY_VOID(attribute.end("attribute"));
    if (text_of(id) == challenge_password_id) {
      if (std::exchange(challenge_seen, true))
        return fail(Fault::invalid, "challengePassword: twice");
      TRY_VOID(read_challenge(values.content, out));
    }
    if (text_of(id) != extension_request_id) continue;
    if (std::exchange(extensions_seen, true))
      return fail(Fault::invalid, "extensionRequest: twice");
    TRY_VOID(read_requested_extensions(values.content, out));
  }
  return {};
}

Result<Csr> read_info(der::Reader info) {
  Csr out{};
  TRY(const auto version, info.small_number("version"));
  if (version != 0) return fail(Fault::invalid, "version: must be 0 (v1)");
  TRY(auto subject, read_name(info, "subject"));
  out.other_attributes = subject.attributes > (subject.common_name.empty() ? 0U : 1U);
  out.common_name = std::move(subject.common_name);
  TRY(const der::Element spki, info.read(der::sequence, "subjectPublicKeyInfo"));
  TRY(out.key, PublicKey::from_spki(spki.whole));
  TRY_VOID(read_attributes(info, out));
  TRY_VOID(info.end("certificationRequestInfo"));
  return out;
}

Result<Csr> read_csr(ByteView der) {
  TRY(auto request, der::enter_only(der, der::sequence, "certificationRequest"));
  TRY(const der::Element info, request.read(der::sequence, "certificationRequestInfo"));
  TRY(auto out, read_info(der::Reader(info.content, 2)));
  TRY(const auto algorithm, read_signature_algorithm(request, "the signature"));
  TRY(const ByteView signature, request.whole_bits("signature"));
  TRY_VOID(request.end("certificationRequest"));
  if (algorithm.ecdsa == (out.key.algorithm() == Algorithm::ed25519) ||
      !out.key.verify(info.whole, signature, algorithm.digest))
    return fail(Fault::invalid,
                "the signature is not by the key that it asks for (proof of possession)");
  out.digest = sha256(der);
  return out;
}

}  // namespace

Result<Csr> parse_csr(ByteView der) {
  if (der.size() > csr_bytes_max)
    return fail(Fault::invalid, "certificate request: longer than 8192 octets");
  auto out = read_csr(der);
  if (!out) return fail(out.error().fault, "certificate request: " + out.error().message);
  return out;
}

Result<Bytes> make_csr(const SigningKey& key, std::string_view common_name) {
  if (!fits_a_name(common_name))
    return fail(Fault::invalid, "common name: must be 1 to 64 printable characters");
  der::Writer info;
  info.nest(der::sequence, [&] {
    info.number(0);
    write_name(info, common_name, {});
    info.raw(key.public_key().spki());
    info.nest(der::context_constructed(0), [] {});
  });
  return signed_by(key, info.take());
}

}  // namespace muster::crypto
