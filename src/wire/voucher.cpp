#include "wire/voucher.h"

#include <algorithm>
#include <array>

#include "wire/json.h"

namespace muster::wire {
namespace {

constexpr std::string_view container = "ietf-voucher:voucher";
constexpr std::size_t serial_max = 128;
constexpr std::size_t issuer_max = 1024;            // octets
constexpr std::size_t certificate_max = 32 * 1024;  // octets
constexpr std::size_t nonce_min = 8, nonce_max = 32;
constexpr std::array<std::string_view, 3> assertions = {"verified", "logged", "proximity"};

std::size_t base64_length(std::size_t octets) {
  return (octets + 2) / 3 * 4;
}

// YANG's binary is base64 as RFC 4648 section 4 has it, and nothing between the letters (RFC 7950
// 9.8.2). Spelled otherwise, it is not what we would write.
Bytes binary(ObjectReader& in, std::string_view key, std::size_t min, std::size_t max) {
  const std::string text = in.text(key, base64_length(max));
  auto octets = from_base64(text);
  if (!octets || to_base64(*octets) != text)
    in.refuse(key, "must be base64");
  else if (octets->size() < min || octets->size() > max)
    in.refuse(key, "must have " + std::to_string(min) + " to " + std::to_string(max) + " octets");
  else
    return std::move(*octets);
  return {};
}

std::optional<Instant> maybe_time(ObjectReader& in, const Json& voucher, std::string_view key) {
  if (!voucher.find(key)) return std::nullopt;
  return in.time(key);
}

VoucherAssertion read_assertion(ObjectReader& in) {
  const std::string text = in.text("assertion", 32);
  const auto at = std::ranges::find(assertions, text);
  if (at != assertions.end()) return static_cast<VoucherAssertion>(at - assertions.begin());
  in.refuse("assertion", "must be verified, logged or proximity");
  return {};
}

std::string read_serial_number(ObjectReader& in) {
  std::string serial = in.text("serial-number", serial_max);
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (serial.empty() || std::ranges::any_of(serial, control))
    in.refuse("serial-number", "must have 1 to 128 printable characters");
  return serial;
}

// The rules that hold between members (the must-statements of the YANG module).
void check_times(ObjectReader& in, const Voucher& v) {
  if (v.nonce && v.expires_on) in.refuse("expires-on", "must not stand beside a nonce");
  if (v.expires_on && *v.expires_on <= v.created_on)
    in.refuse("expires-on", "must come after created-on");
  if (v.last_renewal && !v.expires_on)
    in.refuse("last-renewal-date", "must stand beside expires-on");
}

}  // namespace

Result<Voucher> parse_voucher(std::string_view text) {
  if (text.size() > voucher_max)
    return fail(Fault::invalid, "a voucher of over 64 KiB is not taken");
  TRY(const Json json, parse_json(text, {.bytes = voucher_max, .depth = 4}));
  ObjectReader outer(json);
  ObjectReader in = outer.child(container);
  TRY_VOID(outer.done());
  const Json& told = *json.find(container);
  Voucher v;
  v.created_on = in.time("created-on");
  v.expires_on = maybe_time(in, told, "expires-on");
  v.assertion = read_assertion(in);
  v.serial_number = read_serial_number(in);
  if (told.find("idevid-issuer")) v.idevid_issuer = binary(in, "idevid-issuer", 1, issuer_max);
  v.pinned_domain_cert = binary(in, "pinned-domain-cert", 1, certificate_max);
  v.revocation_checks = in.boolean_or("domain-cert-revocation-checks", false);
  if (told.find("nonce")) v.nonce = binary(in, "nonce", nonce_min, nonce_max);
  v.last_renewal = maybe_time(in, told, "last-renewal-date");
  check_times(in, v);
  TRY_VOID(in.done());
  return v;
}

std::string to_text(const Voucher& v) {
  Json inner = Json::object({{"created-on", rfc3339(v.created_on)}});
  if (v.expires_on) inner.set("expires-on", rfc3339(*v.expires_on));
  inner.set("assertion", assertions[static_cast<std::size_t>(v.assertion)]);
  inner.set("serial-number", v.serial_number);
  if (!v.idevid_issuer.empty()) inner.set("idevid-issuer", to_base64(v.idevid_issuer));
  inner.set("pinned-domain-cert", to_base64(v.pinned_domain_cert));
  if (v.revocation_checks) inner.set("domain-cert-revocation-checks", true);
  if (v.nonce) inner.set("nonce", to_base64(*v.nonce));
  if (v.last_renewal) inner.set("last-renewal-date", rfc3339(*v.last_renewal));
  return to_text(Json::object({{std::string(container), std::move(inner)}}));
}

}  // namespace muster::wire
