// Devices with an update client that we did not write: what each was told to do, what it said, and
// the token that it may have to show beside its certificate.

#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;

Json action_json(const Context& c, const std::optional<actions::Action>& action) {
  if (!action) return {};
  const auto* release = c.domain.releases.find(action->release);
  return Json::object({{"number", action->number},
                       {"release", action->release},
                       {"version", release ? Json(release->metadata.version) : Json()},
                       {"back", action->back},
                       {"stage", name_of(action->stage)},
                       {"at", time_json(action->at)},
                       {"word", action->word}});
}

Result<DeviceId> known(Context& c) {
  TRY(auto id, c.device());
  if (!c.domain.inventory.find(id)) return fail(Fault::missing, "there is no device " + id.text());
  return id;
}

Result<Reply> show(Context& c) {
  TRY(const auto id, known(c));
  const auto* device = c.domain.actions.find(id);
  const actions::Device none;
  if (!device) device = &none;
  return Reply{.body = Json::object({{"device", id.text()},
                                     {"client", name_of(device->client)},
                                     {"open", action_json(c, device->open)},
                                     {"last", action_json(c, device->last)},
                                     {"log", c.domain.actions.log(id)},
                                     {"asks_consent", device->asks},
                                     {"target_token", device->has_token}})};
}

Result<Reply> make_token(Context& c) {
  TRY(const auto id, known(c));
  TRY(auto token, c.domain.actions.make_token(id, c.actor()));
  return Reply{.status = 201, .body = Json::object({{"target_token", std::move(token)}})};
}

Result<Reply> drop_token(Context& c) {
  TRY(const auto id, known(c));
  TRY_VOID(c.domain.actions.drop_token(id, c.actor()));
  return Reply{.status = 204};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/devices/{id}/action", Role::viewer, show},
    {"POST", "/api/v1/devices/{id}/target-token", Role::operator_, make_token, true},
    {"DELETE", "/api/v1/devices/{id}/target-token", Role::operator_, drop_token},
};

}  // namespace

std::span<const Route> action_routes() {
  return routes;
}

}  // namespace muster::api
