// Incidents and who is told of them.
#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Result<Reply> list(Context& c) {
  const std::string state = c.text("state");
  if (!state.empty() && state != "open" && state != "closed")
    return fail(Fault::invalid, "must be open or closed", "?state");
  auto& response = c.domain.response;
  if (state == "open")
    return page_newest_first(
        c, response.incidents(true, listed_max),
        [](const response::Incident& incident) { return incident.id.number; }, incident_json);
  TRY(auto limit, c.number("limit", 100, 1, 1000));
  TRY(auto before, cursor_number(c, std::numeric_limits<std::uint64_t>::max()));
  const auto newest = response.incidents({}, 1);  // numbers have no gaps: counting down finds all
  const std::uint64_t count = newest.empty() ? 0 : newest.front().id.number;
  Json::Array items;
  std::uint64_t id = std::min(before - (before > 0), count);
  for (std::size_t read = 0; id > 0 && items.size() < static_cast<std::size_t>(limit); --id) {
    if (++read > listed_max) break;
    auto incident = response.incident({id});
    if (incident && (state.empty() || !incident->open)) items.push_back(incident_json(*incident));
  }
  return listing(std::move(items), id > 0 ? std::to_string(id + 1) : std::string(),
                 state.empty() ? count : count - response.open_count());
}

Result<Reply> show(Context& c) {
  TRY(auto id, c.id());
  TRY(auto incident, c.domain.response.incident({id}));
  return Reply{.body = incident_json(incident)};
}

Result<Reply> close(Context& c) {
  TRY(auto id, c.id());
  ObjectReader in(c.body);
  const std::string reason = in.text("reason", 512);
  TRY_VOID(in.done());
  TRY_VOID(c.domain.response.close({id}, c.actor(), reason));
  return show(c);
}

Json webhook_json(const response::Webhook& webhook) {
  return Json::object(
      {{"id", webhook.id.number}, {"url", webhook.url}, {"events", texts_json(webhook.events)}});
}

Result<Reply> webhooks(Context& c) {
  return page_in_order(c, c.domain.response.webhooks(), webhook_json);
}

Result<Reply> add_webhook(Context& c) {
  ObjectReader in(c.body);
  const std::string url = in.text("url", 2048);
  auto events = in.texts_or("events", {"*"}, 32, 128);
  TRY_VOID(in.done());
  TRY(auto webhook, c.domain.response.add_webhook(url, std::move(events), c.actor()));
  Json body = webhook_json(webhook);
  body.set("secret", webhook.secret);
  return Reply{.status = 201, .body = std::move(body)};
}

Result<Reply> remove_webhook(Context& c) {
  TRY(auto id, c.id());
  TRY_VOID(c.domain.response.remove_webhook({id}, c.actor()));
  return Reply{.status = 204};
}

Result<Reply> deliveries(Context& c) {
  TRY(auto id, c.id());
  return page_newest_first(
      c, c.domain.response.deliveries({id}, listed_max),
      [](const response::Delivery& delivery) { return delivery.id; },
      [](const response::Delivery& delivery) {
        return Json::object({{"id", delivery.id},
                             {"event", delivery.event},
                             {"state", delivery.state},
                             {"attempts", delivery.attempts},
                             {"last_error", delivery.last_error},
                             {"created_at", time_json(delivery.created)},
                             {"delivered_at", time_json(delivery.delivered_at)}});
      });
}

constexpr Route routes[] = {
    {"GET", "/api/v1/incidents", Role::viewer, list},
    {"GET", "/api/v1/incidents/{id}", Role::viewer, show},
    {"POST", "/api/v1/incidents/{id}/close", Role::operator_, close},
    {"GET", "/api/v1/webhooks", Role::viewer, webhooks},
    {"POST", "/api/v1/webhooks", Role::admin, add_webhook, true},
    {"DELETE", "/api/v1/webhooks/{id}", Role::admin, remove_webhook},
    {"GET", "/api/v1/webhooks/{id}/deliveries", Role::viewer, deliveries},
};

}  // namespace

std::span<const Route> incident_routes() {
  return routes;
}

}  // namespace muster::api
