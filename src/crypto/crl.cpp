#include "crypto/crl.h"

#include "crypto/internal/algorithm.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {
namespace {

constexpr std::size_t entry_octets = 48;  // of most entries; for reserving

std::unexpected<Error> refuse(const char* why) {
  return fail(Fault::invalid, std::string("revocation list: ") + why);
}

Result<void> check(std::span<const Revoked> revoked, Instant this_update, Instant next_update,
                   const Certificate& issuer, const SigningKey& signer) {
  if (next_update <= this_update) return refuse("the next update must come after this one");
  if (!issuer.is_ca) return refuse("the issuer is not a CA");
  if (issuer.key.spki() != signer.public_key().spki())
    return refuse("the signing key is not the issuer's");
  if (issuer.subject_key_id.empty()) return refuse("the issuer has no subject key identifier");
  for (const Revoked& one : revoked)
    if (one.serial.empty() || one.serial.size() > 20)
      return refuse("a serial must have 1 to 20 octets");
  return {};
}

void write_entry(der::Writer& out, const Revoked& one) {
  out.nest(der::sequence, [&] {
    out.number(ByteView(one.serial));
    out.time(one.at);
    if (one.reason == RevocationReason::unspecified) return;  // RFC 5280 5.3.1: then absent
    out.nest(der::sequence, [&] {
      write_extension(out, ExtensionId::reason_code, false, [&] {
        const auto reason = static_cast<std::uint8_t>(one.reason);
        out.element(der::enumerated, {&reason, 1});
      });
    });
  });
}

void write_list_extensions(der::Writer& out, std::uint64_t number, const Certificate& issuer) {
  out.nest(der::context_constructed(0), [&] {
    out.nest(der::sequence, [&] {
      write_extension(out, ExtensionId::authority_key_identifier, false, [&] {
        out.nest(der::sequence, [&] { out.element(der::context(0), issuer.subject_key_id); });
      });
      write_extension(out, ExtensionId::crl_number, false, [&] { out.number(number); });
    });
  });
}

}  // namespace

Result<Bytes> make_crl(std::span<const Revoked> revoked, std::uint64_t number, Instant this_update,
                       Instant next_update, const Certificate& issuer, const SigningKey& signer) {
  TRY_VOID(check(revoked, this_update, next_update, issuer, signer));
  der::Writer tbs;
  tbs.reserve(revoked.size() * entry_octets + 512);
  tbs.nest(der::sequence, [&] {
    tbs.number(1);  // v2
    tbs.raw(signature_algorithm_der(signer.public_key().algorithm()));
    tbs.raw(issuer.subject_der);
    tbs.time(this_update);
    tbs.time(next_update);
    if (!revoked.empty())  // RFC 5280 5.1.2.6: else absent
      tbs.nest(der::sequence, [&] {
        for (const Revoked& one : revoked) write_entry(tbs, one);
      });
    write_list_extensions(tbs, number, issuer);
  });
  return signed_by(signer, tbs.take());
}

}  // namespace muster::crypto
