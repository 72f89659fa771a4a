#include "signer/order.h"

#include <algorithm>

#include "signer/internal/octets.h"

namespace muster::signer {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t text_max = 255;
constexpr std::size_t serial_octets_max = 20;
constexpr std::size_t least_entry = 1 + 1 + 8 + 1;  // a serial of one octet, a time, a reason

std::unexpected<Error> too_long(const char* field) {
  return fail(Fault::invalid, std::string("order: too long for its field, or too many: ") + field,
              field);
}

Result<void> fits(const Order& order) {
  const auto short_enough = [](const std::string& text) { return text.size() <= text_max; };
  if (order.subject.size() > text_max) return too_long("subject");
  if (order.dns_names.size() > order_names_max ||
      !std::ranges::all_of(order.dns_names, short_enough))
    return too_long("dns_names");
  if (order.ip_addresses.size() > order_names_max ||
      !std::ranges::all_of(order.ip_addresses, short_enough))
    return too_long("ip_addresses");
  if (order.spki.size() > order_spki_max) return too_long("spki");
  if (order.crl_url.size() > order_url_max) return too_long("crl_url");
  if (order.ocsp_url.size() > order_url_max) return too_long("ocsp_url");
  if (order.issuer.size() > order_issuer_max) return too_long("issuer");
  return {};
}

// The last field; an order without it ends before it.
void pack_issuer(Packer& out, const Bytes& issuer) {
  if (!issuer.empty()) out.counted<std::uint8_t>(issuer);
}

Result<Bytes> unpack_issuer(Unpacker& in) {
  if (in.left() == 0) return Bytes();
  TRY(const ByteView issuer, in.counted<std::uint8_t>(order_issuer_max));
  if (issuer.empty()) return in.refuse("an empty issuer is left out");
  return Bytes(issuer.begin(), issuer.end());
}

void pack(Packer& out, const std::vector<std::string>& names) {
  out.number(static_cast<std::uint8_t>(names.size()));
  for (const std::string& name : names) out.counted<std::uint8_t>(name);
}

Result<std::vector<std::string>> unpack_names(Unpacker& in) {
  TRY(const auto count, in.number<std::uint8_t>());
  if (count > order_names_max) return in.refuse("too many names");
  std::vector<std::string> out;
  out.reserve(count);
  for (std::uint8_t i = 0; i < count; ++i) {
    TRY(auto name, in.text<std::uint8_t>(text_max));
    out.push_back(std::move(name));
  }
  return out;
}

Result<Instant> unpack_time(Unpacker& in) {
  TRY(const auto ms, in.signed_number());
  // Years 1970 to 9999: what X.509 can say of today and later (RFC 5280 4.1.2.5).
  if (ms < 0 || ms > 253'402'300'799'999) return in.refuse("a time is out of range");
  return instant(ms);
}

Result<bool> unpack_truth(Unpacker& in) {
  TRY(const auto octet, in.number<std::uint8_t>());
  if (octet > 1) return in.refuse("a truth value is neither 0 nor 1");
  return octet == 1;
}

bool is_reason(std::uint8_t octet) {
  return octet <= 10 && octet != 7 && octet != 8;  // RFC 5280 5.3.1; 8 is for deltas only
}

Result<void> unpack_version(Unpacker& in) {
  TRY(const auto octet, in.number<std::uint8_t>());
  if (octet != version) return in.refuse("of another version; update muster-signer and musterd");
  return {};
}

Result<crypto::Revoked> unpack_revoked(Unpacker& in) {
  TRY(const auto serial, in.counted<std::uint8_t>(serial_octets_max));
  if (serial.empty() || (serial.size() > 1 && serial[0] == 0))
    return in.refuse("a serial is empty or begins with a zero octet");
  TRY(const auto at, unpack_time(in));
  TRY(const auto reason, in.number<std::uint8_t>());
  if (!is_reason(reason)) return in.refuse("a revocation reason that does not exist");
  return crypto::Revoked{Bytes(serial.begin(), serial.end()), at,
                         static_cast<crypto::RevocationReason>(reason)};
}

}  // namespace

const char* name_of(Template kind) {
  switch (kind) {
    case Template::device:
      return "device";
    case Template::application:
      return "application";
    case Template::server:
      return "server";
    case Template::ocsp_responder:
      return "ocsp_responder";
    case Template::revocation_list:
      return "revocation_list";
    case Template::authority:
      return "authority";
  }
  return "unknown";
}

Result<Bytes> encode(const Order& order) {
  TRY_VOID(fits(order));
  Packer out;
  out.reserve(512);
  out.number(version);
  out.number(static_cast<std::uint8_t>(order.kind));
  out.raw(order.serial);
  out.signed_number(millis(order.not_before));
  out.signed_number(millis(order.not_after));
  out.counted<std::uint8_t>(order.subject);
  pack(out, order.dns_names);
  pack(out, order.ip_addresses);
  out.counted<std::uint16_t>(order.spki);
  out.counted<std::uint16_t>(order.crl_url);
  out.counted<std::uint16_t>(order.ocsp_url);
  pack_issuer(out, order.issuer);
  return out.take();
}

Result<Order> decode_order(ByteView octets) {
  Unpacker in(octets, "order");
  if (octets.size() > order_bytes_max) return in.refuse("too long");
  TRY_VOID(unpack_version(in));
  Order order;
  TRY(const auto kind, in.number<std::uint8_t>());
  if (kind < 1 || kind > static_cast<std::uint8_t>(Template::ocsp_responder))
    return in.refuse("of a template that does not exist");
  order.kind = static_cast<Template>(kind);
  TRY(const auto serial, in.octets(order.serial.size()));
  std::ranges::copy(serial, order.serial.begin());
  TRY(order.not_before, unpack_time(in));
  TRY(order.not_after, unpack_time(in));
  TRY(order.subject, in.text<std::uint8_t>(text_max));
  TRY(order.dns_names, unpack_names(in));
  TRY(order.ip_addresses, unpack_names(in));
  TRY(const auto spki, in.counted<std::uint16_t>(order_spki_max));
  order.spki.assign(spki.begin(), spki.end());
  TRY(order.crl_url, in.text<std::uint16_t>(order_url_max));
  TRY(order.ocsp_url, in.text<std::uint16_t>(order_url_max));
  TRY(order.issuer, unpack_issuer(in));
  TRY_VOID(in.end());
  return order;
}

Result<Bytes> encode(const CrlOrder& order) {
  if (order.revoked.size() > crypto::crl_entries_max) return too_long("revoked");
  if (order.terms.scope.shard_uri.size() > order_url_max) return too_long("shard_uri");
  if (order.issuer.size() > order_issuer_max) return too_long("issuer");
  Packer out;
  out.reserve(64 + order_url_max + order.revoked.size() * (least_entry + 15));
  out.number(version);
  out.number(order.terms.number);
  out.signed_number(millis(order.terms.this_update));
  out.signed_number(millis(order.terms.next_update));
  out.counted<std::uint16_t>(order.terms.scope.shard_uri);
  out.number(static_cast<std::uint8_t>(order.terms.scope.only_user_certificates));
  out.number(static_cast<std::uint32_t>(order.revoked.size()));
  for (const crypto::Revoked& one : order.revoked) {
    if (one.serial.empty() || one.serial.size() > serial_octets_max) return too_long("serial");
    out.counted<std::uint8_t>(one.serial);
    out.signed_number(millis(one.at));
    out.number(static_cast<std::uint8_t>(one.reason));
  }
  pack_issuer(out, order.issuer);
  return out.take();
}

Result<CrlOrder> decode_crl_order(ByteView octets) {
  Unpacker in(octets, "order of a revocation list");
  if (octets.size() > crl_order_bytes_max) return in.refuse("too long");
  TRY_VOID(unpack_version(in));
  CrlOrder order;
  TRY(order.terms.number, in.number<std::uint64_t>());
  TRY(order.terms.this_update, unpack_time(in));
  TRY(order.terms.next_update, unpack_time(in));
  TRY(order.terms.scope.shard_uri, in.text<std::uint16_t>(order_url_max));
  TRY(order.terms.scope.only_user_certificates, unpack_truth(in));
  TRY(const auto count, in.number<std::uint32_t>());
  if (count > crypto::crl_entries_max || count > in.left() / least_entry)
    return in.refuse("more entries than it has room for");
  order.revoked.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY(auto one, unpack_revoked(in));
    order.revoked.push_back(std::move(one));
  }
  TRY(order.issuer, unpack_issuer(in));
  TRY_VOID(in.end());
  return order;
}

}  // namespace muster::signer
