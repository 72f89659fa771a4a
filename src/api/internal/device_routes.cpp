#include <algorithm>
#include <map>

#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"
#include "identity/attestation.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Result<const inventory::Device*> device_of(Context& c) {
  TRY(auto id, c.device());
  const auto* device = c.domain.inventory.find(id);
  if (!device) return fail(Fault::missing, "there is no device " + id.text());
  return device;
}

Reply one(Context& c, const inventory::Device& device, int status = 200) {
  return {.status = status,
          .body = device_json(c.domain, device),
          .headers = {{"ETag", '"' + std::to_string(device.revision) + '"'}}};
}

Result<Reply> list(Context& c) {
  inventory::Selector selector = inventory::Selector::everything();
  if (auto text = c.text("selector"); !text.empty()) {
    TRY(selector, about(inventory::Selector::parse(text), "?selector"));
  }
  std::optional<inventory::Lifecycle> state;
  if (auto text = c.text("state"); !text.empty()) {
    TRY(state, about(inventory::parse_lifecycle(text), "?state"));
  }
  TRY(auto limit, c.number("limit", 100, 1, 1000));
  auto after = from_base64(c.text("cursor"));
  if (!after) return fail(Fault::invalid, "is not a cursor of this list", "?cursor");
  auto page = c.domain.inventory.page(selector, state, c.text("q"), text_of(*after),
                                      static_cast<std::size_t>(limit));
  Json::Array items;
  for (const auto* device : page.devices) items.push_back(device_json(c.domain, *device));
  return listing(std::move(items), page.next, page.total);
}

Result<Reply> expect_device(Context& c) {
  ObjectReader in(c.body);
  const std::string id = in.text("id", 64), model = in.text("model", 64);
  inventory::NewDevice device{.groups = in.texts_or("groups", {}, 32, 64),
                              .serial = in.text_or("serial", "", 128)};
  const std::string risk = in.text_or("risk", ""), ek = in.text_or("ek_sha256", "", 64);
  TRY_VOID(in.done());
  TRY(device.id, DeviceId::parse(id, "/id"));
  TRY(device.model, ModelId::parse(model, "/model"));
  if (!risk.empty()) {
    TRY(device.risk, about(inventory::parse_risk(risk), "/risk"));
  }
  const DeviceId name = device.id;
  std::optional<crypto::Hash> tpm;
  if (!ek.empty()) {
    TRY(tpm, endorsement_hash(ek));
    TRY_VOID(c.domain.identity.attestation().may_expect(*tpm));
  }
  TRY(auto token, c.domain.identity.expect(std::move(device), c.actor()));
  if (tpm) TRY_VOID(c.domain.identity.attestation().expect(name, *tpm, c.actor()));
  return Reply{
      .status = 201,
      .body = Json::object({{"device", device_json(c.domain, *c.domain.inventory.find(name))},
                            {"token", tpm ? Json() : Json(token.text)},
                            {"token_expires_at", tpm ? Json() : time_json(token.expires)}}),
      .headers = {{"Location", "/api/v1/devices/" + name.text()}}};
}

Result<Reply> show(Context& c) {
  TRY(const auto* device, device_of(c));
  return one(c, *device);
}

Result<Reply> edit(Context& c) {
  TRY(const auto* device, device_of(c));
  TRY_VOID(c.if_match(device->revision));
  ObjectReader in(c.body);
  inventory::DeviceEdit change;
  if (c.body.find("groups")) change.groups = in.texts_or("groups", {}, 32, 64);
  const std::string risk = in.text_or("risk", "");
  if (const Json* desired = in.maybe("desired")) {
    if (!desired->members()) in.refuse("desired", "must be an object");
    change.desired = *desired;
  }
  TRY_VOID(in.done());
  if (!risk.empty()) {
    TRY(change.risk, about(inventory::parse_risk(risk), "/risk"));
  }
  TRY_VOID(c.domain.inventory.edit(device->id, std::move(change), c.actor()));
  return one(c, *device);
}

Result<Reply> new_token(Context& c) {
  TRY(const auto* device, device_of(c));
  TRY(auto token, c.domain.identity.new_token(device->id, c.actor()));
  return Reply{.status = 201,
               .body = Json::object(
                   {{"token", token.text}, {"token_expires_at", time_json(token.expires)}})};
}

Result<std::string> reason_of(Context& c) {
  ObjectReader in(c.body);
  std::string reason = in.text("reason", 512);
  TRY_VOID(in.done());
  if (reason.empty()) return fail(Fault::invalid, "must say why; it goes to the ledger", "/reason");
  return reason;
}

Result<Reply> isolate(Context& c) {
  TRY(const auto* device, device_of(c));
  TRY(auto reason, reason_of(c));
  TRY(auto incident, c.domain.response.isolate(device->id, c.actor(), std::move(reason)));
  return Reply{.body = Json::object(
                   {{"device", device_json(c.domain, *device)}, {"incident", incident.number}})};
}

Result<Reply> release(Context& c) {
  TRY(const auto* device, device_of(c));
  TRY(auto reason, reason_of(c));
  TRY_VOID(c.domain.response.release(device->id, c.actor(), std::move(reason)));
  return one(c, *device);
}

Result<Reply> history(Context& c) {
  TRY(const auto* device, device_of(c));
  TRY(const auto about, c.domain.ledger.about("device/" + device->id.text(), listed_max));
  return page_newest_first(
      c, about, [](const ledger::Recorded& recorded) { return recorded.index; }, ledger::to_json);
}

std::string unit_of(Context& c, const inventory::Device& device, const std::string& metric) {
  const auto* model = c.domain.inventory.model(device.model);
  if (!model) return {};
  auto at = std::ranges::find(model->metrics, metric, &inventory::Metric::name);
  return at == model->metrics.end() ? std::string() : at->unit;
}

Result<Later> metrics(Context& c) {
  TRY(const auto* device, device_of(c));
  std::map<std::string, std::string> units;
  if (const auto* model = c.domain.inventory.model(device->model))
    for (const auto& metric : model->metrics) units[metric.name] = metric.unit;
  return [&telemetry = c.telemetry, id = device->id, units](Done done) mutable {
    telemetry.metrics(
        id, [units, done = std::move(done)](std::vector<desk::MetricNow> found) mutable {
          Json::Array items;
          for (const auto& metric : found) {
            const std::string& unit = units[metric.name];
            Json last;
            if (metric.last.at)
              last = Json::object(
                  {{"at", time_json(instant(metric.last.at))}, {"value", metric.last.value}});
            items.push_back(Json::object({{"metric", metric.name},
                                          {"unit", unit.empty() ? Json() : Json(unit)},
                                          {"last", std::move(last)}}));
          }
          done(listing(std::move(items)));
        });
  };
}

Json history_json(const std::string& metric, const std::string& unit,
                  const desk::History& history) {
  Json buckets = Json::array();
  for (const auto& bucket : history.buckets)
    buckets.push(Json::object({{"at", time_json(instant(bucket.at))},
                               {"min", bucket.min},
                               {"max", bucket.max},
                               {"mean", bucket.mean},
                               {"count", bucket.count}}));
  return Json::object({{"metric", metric},
                       {"unit", unit.empty() ? Json() : Json(unit)},
                       {"step_ms", history.step.count()},
                       {"buckets", std::move(buckets)}});
}

Result<Later> series(Context& c) {
  TRY(const auto* device, device_of(c));
  const std::string metric = c.text("metric");
  if (metric.empty()) return fail(Fault::invalid, "say which metric", "?metric");
  Instant to = c.clock.now();
  if (auto text = c.text("to"); !text.empty()) {
    TRY(to, about(parse_rfc3339(text), "?to"));
  }
  Instant from = to - 1h;
  if (auto text = c.text("from"); !text.empty()) {
    TRY(from, about(parse_rfc3339(text), "?from"));
  }
  TRY(auto points, c.number("points", 500, 1, 5000));
  if (from >= to) return fail(Fault::invalid, "must be before ?to", "?from");
  return [&telemetry = c.telemetry, id = device->id, metric, from, to, points,
          unit = unit_of(c, *device, metric)](Done done) mutable {
    telemetry.history(id, metric, from, to, static_cast<std::size_t>(points),
                      [metric, unit, done = std::move(done)](Result<desk::History> found) mutable {
                        if (!found) return done(std::unexpected(found.error()));
                        done(Reply{.body = history_json(metric, unit, *found)});
                      });
  };
}

constexpr Route routes[] = {
    {"GET", "/api/v1/devices", Role::viewer, list},
    {"POST", "/api/v1/devices", Role::operator_, expect_device, true},
    {"GET", "/api/v1/devices/{id}", Role::viewer, show},
    {"PATCH", "/api/v1/devices/{id}", Role::operator_, edit},
    {"POST", "/api/v1/devices/{id}/token", Role::operator_, new_token, true},
    {"POST", "/api/v1/devices/{id}/isolate", Role::operator_, isolate},
    {"POST", "/api/v1/devices/{id}/release", Role::operator_, release},
    {"GET", "/api/v1/devices/{id}/history", Role::viewer, history},
    {"GET", "/api/v1/devices/{id}/metrics", Role::viewer, nullptr, false, false, metrics},
    {"GET", "/api/v1/devices/{id}/series", Role::viewer, nullptr, false, false, series},
};

}  // namespace

std::span<const Route> device_routes() {
  return routes;
}

}  // namespace muster::api
