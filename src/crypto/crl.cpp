#include "crypto/crl.h"

#include <algorithm>
#include <array>

#include "crypto/internal/algorithm.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {
namespace {

constexpr std::size_t entry_octets = 52;   // of most entries; for reserving
constexpr std::size_t header_octets = 6;   // a tag and the longest length field within bounds
constexpr std::size_t tail_octets = 4096;  // extensions and signature; for reserving
constexpr std::uint8_t reason_prefix[] =
    {  // crlEntryExtensions with a reasonCode, but for its value
        0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01};

std::unexpected<Error> refuse(const char* why) {
  return fail(Fault::invalid, std::string("revocation list: ") + why);
}

Result<void> check(const CrlTerms& terms, const Certificate& issuer, const SigningKey& signer) {
  if (terms.next_update <= terms.this_update)
    return refuse("the next update must come after this one");
  if (!issuer.is_ca) return refuse("the issuer is not a CA");
  if (issuer.key.spki() != signer.public_key().spki())
    return refuse("the signing key is not the issuer's");
  if (issuer.subject_key_id.empty()) return refuse("the issuer has no subject key identifier");
  if (!terms.scope.shard_uri.empty() && !is_uri(terms.scope.shard_uri))
    return refuse("the distribution point is not a URI");
  return {};
}

void append(Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

void write_scope(der::Writer& out, const CrlScope& scope) {
  out.nest(der::sequence, [&] {
    if (!scope.shard_uri.empty())
      out.nest(der::context_constructed(0), [&] {
        out.nest(der::context_constructed(0), [&] { out.text(der::context(6), scope.shard_uri); });
      });
    const std::uint8_t yes = 0xff;
    if (scope.only_user_certificates) out.element(der::context(1), {&yes, 1});
  });
}

Bytes list_extensions(const CrlTerms& terms, const Certificate& issuer) {
  der::Writer out;
  out.nest(der::context_constructed(0), [&] {
    out.nest(der::sequence, [&] {
      write_extension(out, ExtensionId::authority_key_identifier, false, [&] {
        out.nest(der::sequence, [&] { out.element(der::context(0), issuer.subject_key_id); });
      });
      write_extension(out, ExtensionId::crl_number, false, [&] { out.number(terms.number); });
      if (terms.scope != CrlScope{})
        write_extension(out, ExtensionId::issuing_distribution_point, true,
                        [&] { write_scope(out, terms.scope); });
    });
  });
  return out.take();
}

// Writes a SEQUENCE's tag and length so that they end at `end`; returns where they begin.
std::size_t put_header(Bytes& out, std::size_t end, std::size_t content) {
  std::size_t at = end;
  if (content < 0x80) {
    out[--at] = static_cast<std::uint8_t>(content);
  } else {
    std::uint8_t count = 0;
    for (; content != 0; content >>= 8, ++count) out[--at] = static_cast<std::uint8_t>(content);
    out[--at] = static_cast<std::uint8_t>(0x80 | count);
  }
  out[--at] = der::sequence;
  return at;
}

}  // namespace

Bytes CrlWriter::head() const {
  der::Writer out;
  out.number(1);  // v2
  out.raw(signature_algorithm_der(signer_.public_key().algorithm()));
  out.raw(issuer_.subject_der);
  out.time(terms_.this_update);
  out.time(terms_.next_update);
  return out.take();
}

Result<CrlWriter> CrlWriter::open(CrlTerms terms, const Certificate& issuer,
                                  const SigningKey& signer, std::size_t expected) {
  TRY_VOID(check(terms, issuer, signer));
  CrlWriter out(std::move(terms), issuer, signer);
  const std::size_t room = out.head().size() + 3 * header_octets;
  out.out_.reserve(room + std::min(expected, crl_entries_max) * entry_octets + tail_octets);
  out.out_.resize(room);
  return out;
}

Result<void> CrlWriter::add(ByteView serial, Instant at, RevocationReason reason) {
  while (serial.size() > 1 && serial[0] == 0) serial = serial.subspan(1);
  const bool sign_octet = !serial.empty() && (serial[0] & 0x80);
  if (serial.empty() || serial.size() + sign_octet > 20)
    return refuse("a serial must have 1 to 20 octets");
  if (out_.size() > crl_bytes_max) return refuse("longer than 64 MiB; split it into shards");
  const std::int64_t second =
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  if (time_.empty() || second != second_) {
    der::Writer time;
    time.time(at);
    time_ = time.take();
    second_ = second;
  }
  const bool reasoned = reason != RevocationReason::unspecified;  // RFC 5280 5.3.1: else absent
  const std::size_t number = serial.size() + sign_octet;
  const std::size_t content = 2 + number + time_.size() + (reasoned ? sizeof reason_prefix + 1 : 0);
  std::array<std::uint8_t, 5> front = {der::sequence, static_cast<std::uint8_t>(content),
                                       der::integer, static_cast<std::uint8_t>(number), 0};
  append(out_, ByteView(front).first(sign_octet ? 5 : 4));
  append(out_, serial);
  append(out_, time_);
  if (!reasoned) return {};
  append(out_, reason_prefix);
  out_.push_back(static_cast<std::uint8_t>(reason));
  return {};
}

Result<Bytes> CrlWriter::finish() && {
  const Bytes first = head();
  std::size_t begin = first.size() + 3 * header_octets;
  if (out_.size() != begin)  // RFC 5280 5.1.2.6: an empty list of entries is absent
    begin = put_header(out_, begin, out_.size() - begin);
  begin -= first.size();
  std::ranges::copy(first, out_.begin() + static_cast<std::ptrdiff_t>(begin));
  append(out_, list_extensions(terms_, issuer_));
  begin = put_header(out_, begin, out_.size() - begin);
  TRY(const Bytes signature, signer_.sign(ByteView(out_).subspan(begin)));
  append(out_, signature_algorithm_der(signer_.public_key().algorithm()));
  der::Writer bits;
  bits.bits(signature);
  append(out_, bits.take());
  begin = put_header(out_, begin, out_.size() - begin);
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(begin));
  return std::move(out_);
}

Result<Bytes> make_crl(std::span<const Revoked> revoked, std::uint64_t number, Instant this_update,
                       Instant next_update, const Certificate& issuer, const SigningKey& signer,
                       CrlScope scope) {
  TRY(auto list, CrlWriter::open({.number = number,
                                  .this_update = this_update,
                                  .next_update = next_update,
                                  .scope = std::move(scope)},
                                 issuer, signer, revoked.size()));
  for (const Revoked& one : revoked) TRY_VOID(list.add(one.serial, one.at, one.reason));
  return std::move(list).finish();
}

}  // namespace muster::crypto
