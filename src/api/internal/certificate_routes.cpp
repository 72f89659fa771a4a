// Certificates: those of a device, those that end soon, and their revocation.
#include <map>

#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using crypto::RevocationReason;
using wire::Json;
using wire::ObjectReader;

// A quarter of the longest life that a profile may give: whatever is overdue ends within it.
constexpr Duration overdue_within = 100 * 24h;

Json certificate_json(const Context& c, const identity::Issued& issued) {
  const auto id = DeviceId::parse(issued.subject);
  const bool device = id && c.domain.inventory.find(*id);
  return Json::object({{"serial", issued.serial},
                       {"subject", issued.subject},
                       {"kind", device ? "device" : "application"},
                       {"status", name_of(issued.status)},
                       {"not_before", time_json(issued.not_before)},
                       {"not_after", time_json(issued.not_after)}});
}

Result<const inventory::Device*> device_of(Context& c) {
  TRY(auto id, c.device());
  const auto* device = c.domain.inventory.find(id);
  if (!device) return fail(Fault::missing, "there is no device " + id.text());
  return device;
}

Result<Reply> of_device(Context& c) {
  TRY(const auto* device, device_of(c));
  return page_in_order(c, c.domain.identity.certificates(device->id),
                       [&](const auto& each) { return certificate_json(c, each); });
}

// Renewal is due at two thirds of a life; with less than a quarter to go it has failed so far.
bool overdue(const identity::Issued& issued, Instant now) {
  return issued.not_after - now < (issued.not_after - issued.not_before) / 4;
}

Result<Reply> ending(Context& c) {
  const std::string within = c.text("expiring"), only = c.text("overdue");
  if (!only.empty() && only != "true" && only != "false")
    return fail(Fault::invalid, "must be true or false", "?overdue");
  if (within.empty() && only != "true")
    return fail(Fault::invalid, "say within which time, such as 7d", "?expiring");
  Duration time = overdue_within;
  if (!within.empty()) {
    TRY(time, about(parse_duration(within), "?expiring"));
  }
  auto list = c.domain.identity.ending(time, listed_max);
  if (only == "true")
    std::erase_if(list, [&](const auto& each) { return !overdue(each, c.clock.now()); });
  return page_in_order(c, list, [&](const auto& each) { return certificate_json(c, each); });
}

struct Revocation {
  std::string reason;
  RevocationReason because = RevocationReason::unspecified;
};

Result<Revocation> revocation_of(Context& c) {
  const std::map<std::string, RevocationReason> codes{
      {"unspecified", RevocationReason::unspecified},
      {"key-compromise", RevocationReason::key_compromise},
      {"superseded", RevocationReason::superseded},
      {"cessation-of-operation", RevocationReason::cessation_of_operation},
      {"privilege-withdrawn", RevocationReason::privilege_withdrawn}};
  ObjectReader in(c.body);
  Revocation out{.reason = in.text("reason", 512)};
  const auto code = codes.find(in.text_or("because", "unspecified"));
  TRY_VOID(in.done());
  if (out.reason.empty())
    return fail(Fault::invalid, "must say why; it goes to the ledger", "/reason");
  if (code == codes.end())
    return fail(Fault::invalid,
                "must be unspecified, key-compromise, superseded, cessation-of-operation or "
                "privilege-withdrawn",
                "/because");
  out.because = code->second;
  return out;
}

Result<Reply> revoke_all(Context& c) {
  TRY(const auto* device, device_of(c));
  TRY(auto why, revocation_of(c));
  TRY_VOID(c.domain.identity.revoke(device->id, why.because, c.actor(), std::move(why.reason)));
  return of_device(c);
}

Result<Reply> revoke_one(Context& c) {
  const std::string& text = c.path.front();
  TRY(auto octets, about(from_hex(text), "/serial"));
  crypto::Serial serial{};
  if (octets.size() != serial.size())
    return fail(Fault::invalid, "a serial of ours has 32 hexadecimal digits");
  std::ranges::copy(octets, serial.begin());
  TRY(auto why, revocation_of(c));
  TRY_VOID(
      c.domain.identity.revoke_certificate(serial, why.because, c.actor(), std::move(why.reason)));
  return Reply{.body =
                   Json::object({{"serial", crypto::serial_hex(serial)}, {"status", "revoked"}})};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/certificates", Role::viewer, ending},
    {"POST", "/api/v1/certificates/{serial}/revoke", Role::operator_, revoke_one},
    {"GET", "/api/v1/devices/{id}/certificates", Role::viewer, of_device},
    {"POST", "/api/v1/devices/{id}/certificates/revoke", Role::operator_, revoke_all},
};

}  // namespace

std::span<const Route> certificate_routes() {
  return routes;
}

}  // namespace muster::api
