// Models, manifests, applications: what is expected of the fleet.
#include <algorithm>

#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Result<std::vector<inventory::Metric>> metrics_of(ObjectReader& in) {
  std::vector<inventory::Metric> metrics;
  const Json* list = in.maybe("metrics");
  if (!list) return metrics;
  if (!list->items() || list->items()->size() > 64)
    return fail(Fault::invalid, "must be a list of at most 64 metrics", "/metrics");
  for (std::size_t i = 0; i < list->items()->size(); ++i) {
    ObjectReader each((*list->items())[i], "/metrics/" + std::to_string(i));
    inventory::Metric metric{.name = each.text("name", 64), .unit = {}, .min = {}, .max = {}};
    auto optional_number = [&each](const char* key) -> std::optional<double> {
      const Json* value = each.maybe(key);
      if (!value || value->is_null()) return std::nullopt;
      if (!value->number()) each.refuse(key, "must be a number or null");
      return value->number();
    };
    if (const Json* unit = each.maybe("unit"); unit && !unit->is_null()) {
      if (!unit->text() || unit->text()->size() > 16)
        each.refuse("unit", "must be text of at most 16 characters, or null");
      if (unit->text()) metric.unit = *unit->text();
    }
    metric.min = optional_number("min");
    metric.max = optional_number("max");
    TRY_VOID(each.done());
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

// Reads what the body says over what the model is now.
Result<Reply> put_model(Context& c, ObjectReader& in, inventory::Model model, int status) {
  const std::string risk = in.text_or("risk", inventory::name_of(model.risk));
  const auto interval_s = std::chrono::duration_cast<std::chrono::seconds>(model.interval).count();
  model.interval = std::chrono::seconds(in.integer_or("interval_s", interval_s, 1, 86'400));
  const auto* known = c.domain.inventory.model(model.id);  // POST replaces it
  const bool second = known && known->second_operator;
  const bool said = c.body.find("second_operator");
  model.second_operator = in.boolean_or("second_operator", second);
  model.one_operator_asked_by = known && !said ? known->one_operator_asked_by : "";
  if (const Json* within = in.maybe("retire_within_s")) {
    model.retire_within.reset();
    if (!within->is_null())
      model.retire_within =
          std::chrono::seconds(in.integer_or("retire_within_s", 0, 1, 366 * 24 * 3600));
  }
  if (c.body.find("metrics")) {
    TRY(model.metrics, metrics_of(in));
  }
  TRY_VOID(in.done());
  if (model.second_operator != second && c.who.role != Role::admin)
    return fail(Fault::forbidden, "whether a retirement needs two operators is for an admin to say",
                "/second_operator");
  TRY(model.risk, about(inventory::parse_risk(risk), "/risk"));
  const ModelId id = model.id;
  const bool one = !model.second_operator;
  TRY_VOID(c.domain.inventory.put_model(std::move(model), c.actor()));
  const auto* stored = c.domain.inventory.model(id);
  const bool waits = one && stored->second_operator;  // for another operator
  return Reply{.status = waits ? 202 : status,
               .body = model_json(*stored),
               .headers = {{"ETag", '"' + std::to_string(stored->revision) + '"'}}};
}

Result<Reply> add_model(Context& c) {
  ObjectReader in(c.body);
  inventory::Model model;
  model.id = in.name<ModelTag>("name");
  return put_model(c, in, std::move(model), 201);
}

Result<Reply> edit_model(Context& c) {
  TRY(auto id, ModelId::parse(c.path[0], "{name}"));
  const auto* model = c.domain.inventory.model(id);
  if (!model) return fail(Fault::missing, "there is no model " + id.text());
  TRY_VOID(c.if_match(model->revision));
  ObjectReader in(c.body);
  if (in.text_or("name", id.text(), 64) != id.text()) in.refuse("name", "cannot be changed");
  return put_model(c, in, *model, 200);
}

Result<Reply> models(Context& c) {
  return page_in_order(c, c.domain.inventory.models(),
                       [](const inventory::Model* model) { return model_json(*model); });
}

Result<Reply> show_model(Context& c) {
  TRY(auto id, ModelId::parse(c.path[0], "{name}"));
  const auto* model = c.domain.inventory.model(id);
  if (!model) return fail(Fault::missing, "there is no model " + id.text());
  return Reply{.body = model_json(*model),
               .headers = {{"ETag", '"' + std::to_string(model->revision) + '"'}}};
}

Result<Reply> import_manifest(Context& c) {
  ObjectReader in(c.body);
  const std::string manifest = in.text("manifest", 64 << 20),
                    signature = in.text("signature", 4096);
  TRY_VOID(in.done());
  TRY(const bool dry_run, c.dry_run());
  TRY(auto octets, about(from_base64(signature), "/signature"));
  TRY(auto imported, c.domain.identity.import_manifest(manifest, octets, c.actor(), dry_run));
  Json tokens = Json::array();
  for (const auto& [device, token] : imported.tokens)
    tokens.push(Json::object({{"device", device.text()},
                              {"token", token.text},
                              {"expires_at", time_json(token.expires)}}));
  return Reply{
      .status = dry_run ? 200 : 201,
      .body = Json::object(
          {{"imported", imported.devices}, {"tokens", std::move(tokens)}, {"dry_run", dry_run}})};
}

Result<Reply> manifest_keys(Context& c) {
  return page_in_order(c, c.domain.identity.manifest_keys(), [](const auto& key) {
    return Json::object({{"name", key.first}, {"public_key_pem", key.second}});
  });
}

Result<Reply> trust_manifest_key(Context& c) {
  ObjectReader in(c.body);
  const std::string name = in.text("name", 64), pem = in.text("public_key_pem", 4096);
  TRY_VOID(in.done());
  TRY(auto key, about(crypto::PublicKey::from_pem(pem), "/public_key_pem"));
  TRY_VOID(c.domain.identity.trust_manifest_key(name, std::move(key), c.actor()));
  return Reply{.status = 201, .body = Json::object({{"name", name}})};
}

Result<Reply> applications(Context& c) {
  return page_in_order(
      c, c.domain.identity.applications(), [](const identity::Application& application) {
        return Json::object(
            {{"id", application.id}, {"subscribe", texts_json(application.subscribe)}});
      });
}

Result<Reply> add_application(Context& c) {
  ObjectReader in(c.body);
  identity::Application application{in.text("id", 64), in.texts_or("subscribe", {}, 32, 256)};
  TRY_VOID(in.done());
  const std::string id = application.id;
  TRY(auto token, c.domain.identity.add_application(std::move(application), c.actor()));
  return Reply{
      .status = 201,
      .body = Json::object(
          {{"id", id}, {"token", token.text}, {"token_expires_at", time_json(token.expires)}})};
}

Result<Reply> remove_application(Context& c) {
  TRY_VOID(c.domain.identity.remove_application(c.path[0], c.actor()));
  return Reply{.status = 204};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/models", Role::viewer, models},
    {"POST", "/api/v1/models", Role::operator_, add_model},
    {"GET", "/api/v1/models/{name}", Role::viewer, show_model},
    {"PATCH", "/api/v1/models/{name}", Role::operator_, edit_model},
    {"POST", "/api/v1/manifests", Role::operator_, import_manifest, true, true},
    {"GET", "/api/v1/manifest-keys", Role::viewer, manifest_keys},
    {"POST", "/api/v1/manifest-keys", Role::admin, trust_manifest_key},
    {"GET", "/api/v1/applications", Role::viewer, applications},
    {"POST", "/api/v1/applications", Role::admin, add_application, true},
    {"DELETE", "/api/v1/applications/{id}", Role::admin, remove_application},
};

}  // namespace

std::span<const Route> model_routes() {
  return routes;
}

}  // namespace muster::api
