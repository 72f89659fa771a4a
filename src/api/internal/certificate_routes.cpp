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

Json certificate_json(const identity::Issued& issued) {
  return Json::object({{"serial", issued.serial},
                       {"subject", issued.subject},
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
  return page_in_order(c, c.domain.identity.certificates(device->id), certificate_json);
}

Result<Reply> ending(Context& c) {
  const std::string within = c.text("expiring");
  if (within.empty()) return fail(Fault::invalid, "say within which time, such as 7d", "?expiring");
  TRY(const auto time, about(parse_duration(within), "?expiring"));
  return page_in_order(c, c.domain.identity.ending(time, listed_max), certificate_json);
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
