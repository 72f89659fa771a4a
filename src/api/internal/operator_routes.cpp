// Operators and the fleet in figures.
#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Result<Reply> fleet(Context& c) {
  return Reply{.body = fleet_json(c.domain, c.telemetry)};
}

Result<Reply> list(Context& c) {
  return page_in_order(c, c.operators.list(), [](const Operator& each) {
    return Json::object({{"name", each.name}, {"role", name_of(each.role)}});
  });
}

Result<Reply> add(Context& c) {
  ObjectReader in(c.body);
  const std::string name = in.text("name", 64), text = in.text("role", 16);
  TRY_VOID(in.done());
  TRY(auto role, about(parse_role(text), "/role"));
  TRY(auto token, c.operators.add(name, role, c.actor()));
  return Reply{.status = 201,
               .body = Json::object({{"name", name}, {"role", name_of(role)}, {"token", token}})};
}

Result<Reply> remove(Context& c) {
  if (c.path[0] == c.who.name)
    return fail(Fault::conflict, "you cannot remove yourself; ask another admin");
  TRY_VOID(c.operators.remove(c.path[0], c.actor()));
  return Reply{.status = 204};
}

Result<Reply> session(Context& c) {
  return Reply{.body = Json::object({{"name", c.who.name}, {"role", name_of(c.who.role)}})};
}

Result<Reply> new_link(Context& c) {
  const std::string link = c.operators.new_link(c.who.name);
  return Reply{.status = 201,
               .body = Json::object({{"url", c.public_url + "/login#" + link},
                                     {"expires_at", time_json(c.clock.now() + 15min)}})};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/fleet", Role::viewer, fleet},
    {"GET", "/api/v1/session", Role::viewer, session},
    {"POST", "/api/v1/session-links", Role::viewer, new_link, true},
    {"GET", "/api/v1/operators", Role::admin, list},
    {"POST", "/api/v1/operators", Role::admin, add, true},
    {"DELETE", "/api/v1/operators/{name}", Role::admin, remove},
};

}  // namespace

std::span<const Route> operator_routes() {
  return routes;
}

}  // namespace muster::api
