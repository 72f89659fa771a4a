// How devices leave: requests, approvals, evidence of destruction, certificates of sanitisation.

#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

constexpr std::int64_t deadline_max_s = 366 * 24 * 3600;

struct Asked {
  std::string reason;
  std::optional<Duration> within;
};

Asked read_asked(ObjectReader& in) {
  Asked out{.reason = in.text("reason", 512), .within = {}};
  if (const auto s = in.integer_or("deadline_s", 0, 1, deadline_max_s); s > 0)
    out.within = std::chrono::seconds(s);
  return out;
}

Result<Reply> one(Context& c, std::uint64_t id, int status) {
  TRY(const auto request, c.domain.retirements.find(id));
  return Reply{.status = status,
               .body = retirement_json(request),
               .headers = {{"Location", "/api/v1/retirements/" + std::to_string(id)}}};
}

// 202: another operator has to approve it first.
Result<Reply> retire_one(Context& c) {
  TRY(auto id, c.device());
  ObjectReader in(c.body);
  auto asked = read_asked(in);
  TRY_VOID(in.done());
  TRY(const auto request,
      c.domain.retirements.request(
          {.devices = {id}, .reason = std::move(asked.reason), .within = asked.within}, c.actor()));
  TRY(const auto made, c.domain.retirements.find(request));
  const auto& device = *c.domain.inventory.find(id);
  return Reply{.status = made.state == retirement::State::waiting ? 202 : 200,
               .body = device_json(c.domain, device),
               .headers = {{"ETag", '"' + std::to_string(device.revision) + '"'}}};
}

Result<Reply> ask(Context& c) {
  ObjectReader in(c.body);
  const auto names = in.texts_or("devices", {}, retirement::devices_max, 64);
  const std::string selector = in.text_or("selector", "", 4096);
  auto asked = read_asked(in);
  TRY_VOID(in.done());
  if (names.empty() == selector.empty())
    return fail(Fault::invalid, "say which: a list of devices, or a selector", "/devices");
  retirement::Plan plan{.devices = {},
                        .reason = std::move(asked.reason),
                        .within = asked.within,
                        .selector = selector};
  for (std::size_t i = 0; i < names.size(); ++i) {
    TRY(auto id, DeviceId::parse(names[i], "/devices/" + std::to_string(i)));
    plan.devices.push_back(std::move(id));
  }
  if (!selector.empty()) {
    TRY(const auto chosen, about(inventory::Selector::parse(selector), "/selector"));
    plan.devices = c.domain.inventory.select(chosen);
  }
  TRY(const auto id, c.domain.retirements.request(std::move(plan), c.actor()));
  return one(c, id, 201);
}

Result<Reply> list(Context& c) {
  return page_newest_first(
      c, c.domain.retirements.list(listed_max),
      [](const retirement::Request& request) { return request.id; }, retirement_json);
}

Result<Reply> show(Context& c) {
  TRY(const auto id, c.id());
  TRY(const auto request, c.domain.retirements.find(id));
  return Reply{.body = retirement_json(request)};
}

Result<Reply> devices(Context& c) {
  TRY(const auto id, c.id());
  TRY_VOID(c.domain.retirements.find(id));
  return page_in_order(c, c.domain.retirements.cases(id), retirement_case_json);
}

Result<Reply> approve(Context& c) {
  TRY(const auto id, c.id());
  TRY_VOID(c.domain.retirements.approve(id, c.actor()));
  return one(c, id, 200);
}

Result<Reply> reject(Context& c) {
  TRY(const auto id, c.id());
  ObjectReader in(c.body);
  std::string reason = in.text("reason", 512);
  TRY_VOID(in.done());
  TRY_VOID(c.domain.retirements.reject(id, c.actor(), std::move(reason)));
  return one(c, id, 200);
}

Result<Reply> destroyed(Context& c) {
  TRY(const auto id, c.device());
  ObjectReader in(c.body);
  std::string evidence = in.text("evidence", 1000);
  TRY_VOID(in.done());
  TRY_VOID(c.domain.retirements.destroyed(id, c.actor(), std::move(evidence)));
  return Reply{.body = device_json(c.domain, *c.domain.inventory.find(id))};
}

// Exactly the octets whose digest is in the ledger.
Result<Reply> sanitisation(Context& c) {
  TRY(const auto id, c.device());
  TRY(auto text, c.domain.retirements.certificate(id));
  return Reply{.text = std::move(text), .content_type = "application/json"};
}

constexpr Route routes[] = {
    {"POST", "/api/v1/devices/{id}/retire", Role::admin, retire_one},
    {"POST", "/api/v1/devices/{id}/destroyed", Role::admin, destroyed},
    {"GET", "/api/v1/devices/{id}/sanitisation", Role::viewer, sanitisation},
    {"GET", "/api/v1/retirements", Role::viewer, list},
    {"POST", "/api/v1/retirements", Role::admin, ask},
    {"GET", "/api/v1/retirements/{id}", Role::viewer, show},
    {"GET", "/api/v1/retirements/{id}/devices", Role::viewer, devices},
    {"POST", "/api/v1/retirements/{id}/approve", Role::admin, approve},
    {"POST", "/api/v1/retirements/{id}/reject", Role::admin, reject},
};

}  // namespace

Json retirement_json(const retirement::Request& r) {
  Json steps = Json::object();
  for (std::size_t i = 0; i < r.steps.size(); ++i)
    steps.set(name_of(static_cast<retirement::Step>(i)), r.steps[i]);
  return Json::object({{"id", r.id},
                       {"state", name_of(r.state)},
                       {"devices", r.devices},
                       {"steps", std::move(steps)},
                       {"second_operator", r.second_operator},
                       {"reason", r.reason},
                       {"selector", r.selector.empty() ? Json() : Json(r.selector)},
                       {"deadline_s", r.within ? Json(std::int64_t{*r.within / 1s}) : Json()},
                       {"requested_by", r.requested_by},
                       {"requested_at", time_json(r.requested_at)},
                       {"decided_by", r.decided_by.empty() ? Json() : Json(r.decided_by)},
                       {"decided_at", time_json(r.decided_at)},
                       {"why", r.why.empty() ? Json() : Json(r.why)}});
}

Json retirement_case_json(const retirement::Case& c) {
  return Json::object({{"device", c.device.text()},
                       {"request", c.request},
                       {"step", name_of(c.step)},
                       {"order", c.order ? Json(c.order) : Json()},
                       {"ordered_at", time_json(c.ordered_at)},
                       {"deadline", time_json(c.deadline)},
                       {"ended_at", time_json(c.ended_at)}});
}

std::span<const Route> retirement_routes() {
  return routes;
}

}  // namespace muster::api
