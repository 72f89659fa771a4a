// Who may enrol, and how: makers, enrolment profiles, vouchers, and the devices that wait.
#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Json model_names(const std::vector<ModelId>& models) {
  Json out = Json::array();
  for (const auto& model : models) out.push(model.text());
  return out;
}

std::int64_t seconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}

Result<std::vector<ModelId>> models_of(const std::vector<std::string>& names) {
  std::vector<ModelId> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    TRY(auto model, ModelId::parse(names[i], "/models/" + std::to_string(i)));
    out.push_back(std::move(model));
  }
  return out;
}

Json maker_json(const identity::Maker& maker) {
  Json certificates = Json::array();
  for (const auto& each : maker.anchors)
    certificates.push(Json::object({{"subject", each.common_name},
                                    {"fingerprint", to_hex(each.fingerprint)},
                                    {"not_after", time_json(each.not_after)}}));
  return Json::object({{"name", maker.name},
                       {"models", model_names(maker.models)},
                       {"certificates", std::move(certificates)}});
}

Result<Reply> makers(Context& c) {
  return page_in_order(c, c.domain.identity.makers(), maker_json);
}

Result<Reply> trust_maker(Context& c) {
  ObjectReader in(c.body);
  identity::Maker maker{.name = in.text("name", 64), .models = {}, .anchors = {}};
  const auto models = in.texts_or("models", {}, 64, 64);
  const std::string pem = in.text("certificates_pem", 64 << 10);
  TRY_VOID(in.done());
  TRY(maker.models, models_of(models));
  TRY(maker.anchors, about(crypto::parse_certificates_pem(pem), "/certificates_pem"));
  const auto body = maker_json(maker);
  TRY_VOID(c.domain.identity.trust_maker(std::move(maker), c.actor()));
  return Reply{.status = 201, .body = body};
}

Result<Reply> distrust_maker(Context& c) {
  TRY_VOID(c.domain.identity.distrust_maker(c.path[0], c.actor()));
  return Reply{.status = 204};
}

Json profile_json(const identity::EnrolmentProfile& profile) {
  return Json::object({{"name", profile.name},
                       {"certificate_life_s", seconds(profile.certificate_life)},
                       {"unknown", identity::name_of(profile.unknown)},
                       {"retry_after_s", seconds(profile.retry_after)},
                       {"models", model_names(profile.models)},
                       {"makers", texts_json(profile.makers)},
                       {"server_keys", profile.server_keys}});
}

Result<Reply> profiles(Context& c) {
  return page_in_order(c, c.domain.identity.profiles(), profile_json);
}

// What the body leaves out is as it was; of a new profile, as the default is made.
Result<Reply> put_profile(Context& c) {
  ObjectReader in(c.body);
  const std::string name = in.text("name", 64);
  auto before = c.domain.identity.profile(name);
  identity::EnrolmentProfile profile =
      before ? std::move(*before) : identity::EnrolmentProfile{.name = name};
  constexpr std::int64_t year = 398 * 86'400;
  profile.certificate_life = std::chrono::seconds(
      in.integer_or("certificate_life_s", seconds(profile.certificate_life), 3600, year));
  const std::string unknown = in.text_or("unknown", identity::name_of(profile.unknown), 16);
  if (unknown != "refuse" && unknown != "park") in.refuse("unknown", "must be refuse or park");
  profile.unknown = unknown == "park" ? identity::Unknown::park : identity::Unknown::refuse;
  profile.retry_after =
      std::chrono::seconds(in.integer_or("retry_after_s", seconds(profile.retry_after), 1, 86'400));
  std::vector<std::string> names;
  for (const auto& model : profile.models) names.push_back(model.text());
  names = in.texts_or("models", std::move(names), 64, 64);
  profile.makers = in.texts_or("makers", profile.makers, 64, 64);
  profile.server_keys = in.boolean_or("server_keys", profile.server_keys);
  TRY_VOID(in.done());
  TRY(profile.models, models_of(names));
  const auto body = profile_json(profile);
  TRY_VOID(c.domain.identity.put_profile(std::move(profile), c.actor()));
  return Reply{.status = 201, .body = body};
}

Result<Reply> remove_profile(Context& c) {
  TRY_VOID(c.domain.identity.remove_profile(c.path[0], c.actor()));
  return Reply{.status = 204};
}

Json parked_json(const identity::ParkedDevice& parked) {
  return Json::object({{"id", parked.id},
                       {"serial", parked.serial},
                       {"maker", parked.maker},
                       {"model", parked.model.text().empty() ? Json() : Json(parked.model.text())},
                       {"certificate", to_hex(parked.certificate)},
                       {"key", to_hex(parked.key)},
                       {"from", parked.from},
                       {"since", time_json(parked.since)},
                       {"state", parked.rejected ? "rejected" : "waiting"}});
}

Result<Reply> parked(Context& c) {
  const std::string state = c.text("state");
  if (!state.empty() && state != "waiting" && state != "rejected")
    return fail(Fault::invalid, "must be waiting or rejected", "?state");
  TRY(auto list, c.domain.identity.parked());
  if (!state.empty())
    std::erase_if(list, [&](const auto& each) { return each.rejected != (state == "rejected"); });
  return page_in_order(c, list, parked_json);
}

Result<Reply> approve(Context& c) {
  ObjectReader in(c.body);
  identity::Approval approval{.device = in.name<DeviceTag>("device")};
  if (auto model = in.maybe_name<ModelTag>("model")) approval.model = std::move(*model);
  approval.groups = in.texts_or("groups", {}, 32, 64);
  TRY_VOID(in.done());
  const auto device = approval.device.text();
  TRY_VOID(c.domain.identity.approve(c.path[0], std::move(approval), c.actor()));
  return Reply{.status = 201,
               .body = Json::object({{"device", device}}),
               .headers = {{"Location", "/api/v1/devices/" + device}}};
}

Result<Reply> reject(Context& c) {
  ObjectReader in(c.body);
  std::string reason = in.text("reason", 512);
  TRY_VOID(in.done());
  TRY_VOID(c.domain.identity.reject(c.path[0], c.actor(), std::move(reason)));
  return Reply{.status = 204};
}

Result<Reply> allow_birth(Context& c) {
  ObjectReader in(c.body);
  std::string reason = in.text("reason", 512);
  TRY_VOID(in.done());
  TRY(auto id, c.device());
  TRY_VOID(c.domain.identity.allow_birth(id, c.actor(), std::move(reason)));
  return Reply{.status = 204};
}

Result<Reply> import_vouchers(Context& c) {
  ObjectReader in(c.body);
  identity::VoucherImport import{.maker = in.text("maker", 64),
                                 .signers = {},
                                 .model = {},
                                 .groups = in.texts_or("groups", {}, 32, 64),
                                 .vouchers = {}};
  if (auto model = in.maybe_name<ModelTag>("model")) import.model = std::move(*model);
  const std::string pem = in.text_or("signers_pem", "", 64 << 10);
  const auto vouchers = in.texts_or("vouchers", {}, 10'000, 96 << 10);
  TRY_VOID(in.done());
  TRY(const bool dry_run, c.dry_run());
  if (!pem.empty()) {
    TRY(import.signers, about(crypto::parse_certificates_pem(pem), "/signers_pem"));
  }
  for (std::size_t i = 0; i < vouchers.size(); ++i) {
    TRY(auto der, about(from_base64(vouchers[i]), "/vouchers/" + std::to_string(i)));
    import.vouchers.push_back(std::move(der));
  }
  TRY(const auto imported, c.domain.identity.import_vouchers(import, c.actor(), dry_run));
  Json devices = Json::array();
  for (const auto& device : imported) devices.push(device.text());
  return Reply{
      .status = dry_run ? 200 : 201,
      .body = Json::object(
          {{"imported", imported.size()}, {"devices", std::move(devices)}, {"dry_run", dry_run}})};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/makers", Role::viewer, makers},
    {"POST", "/api/v1/makers", Role::admin, trust_maker},
    {"DELETE", "/api/v1/makers/{name}", Role::admin, distrust_maker},
    {"GET", "/api/v1/enrolment-profiles", Role::viewer, profiles},
    {"POST", "/api/v1/enrolment-profiles", Role::admin, put_profile},
    {"DELETE", "/api/v1/enrolment-profiles/{name}", Role::admin, remove_profile},
    {"GET", "/api/v1/enrolments", Role::viewer, parked},
    {"POST", "/api/v1/enrolments/{id}/approve", Role::operator_, approve},
    {"POST", "/api/v1/enrolments/{id}/reject", Role::operator_, reject},
    {"POST", "/api/v1/devices/{id}/allow-birth", Role::operator_, allow_birth},
    {"POST", "/api/v1/vouchers", Role::operator_, import_vouchers, false, true},
};

}  // namespace

std::span<const Route> enrolment_routes() {
  return routes;
}

}  // namespace muster::api
