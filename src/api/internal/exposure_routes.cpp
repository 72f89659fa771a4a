// What is vulnerable: bills of materials, feeds of advisories, findings, the patch policy and its
// exceptions, and the way from a vulnerability to a rollout.
#include <map>

#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Json image_json(const exposure::Image& i) {
  return Json::object({{"model", i.model.text()},
                       {"version", i.version},
                       {"format", i.format},
                       {"serial", i.serial.empty() ? Json() : Json(i.serial)},
                       {"sha256", i.sha256},
                       {"imported_at", time_json(i.imported)},
                       {"components", i.components},
                       {"unnamed", i.unnamed},
                       {"devices", i.devices}});
}

Json score_json(int tenths) {
  return tenths ? Json(tenths / 10.0) : Json();
}

Json vulnerability_json(const exposure::Vulnerability& v) {
  return Json::object({{"id", v.id},
                       {"advisories", texts_json(v.advisories)},
                       {"fixed", texts_json(v.fixed)},
                       {"summary", v.summary},
                       {"severity", name_of(v.severity)},
                       {"cvss", score_json(v.score)},
                       {"exploited", v.exploited},
                       {"ransomware", v.ransomware},
                       {"epss", v.permille ? Json(v.permille / 1000.0) : Json()},
                       {"images", v.images},
                       {"devices", v.devices},
                       {"exposed", v.exposed},
                       {"overdue", v.overdue},
                       {"due", time_json(v.due)}});
}

Json finding_json(const exposure::Finding& f) {
  return Json::object({{"vulnerability", f.vulnerability},
                       {"model", f.model.text()},
                       {"version", f.version},
                       {"packages", texts_json(f.packages)},
                       {"certain", f.certain},
                       {"state", name_of(f.state)},
                       {"investigated", f.investigated},
                       {"why", f.why.empty() ? Json() : Json(f.why)},
                       {"author", f.author.empty() ? Json() : Json(f.author)},
                       {"ends", time_json(f.ends)},
                       {"found", time_json(f.found)},
                       {"due", time_json(f.due)},
                       {"risk", f.devices ? Json(name_of(f.risk)) : Json()},
                       {"devices", f.devices},
                       {"exposed", f.exposed},
                       {"overdue", f.overdue}});
}

Json exception_json(const exposure::Exception& e, Instant now) {
  return Json::object({{"id", e.id},
                       {"vulnerability", e.vulnerability},
                       {"model", e.model ? Json(e.model->text()) : Json()},
                       {"owner", e.owner},
                       {"reason", e.reason},
                       {"made_at", time_json(e.made)},
                       {"until", time_json(e.until)},
                       {"in_force", !e.ended && e.until > now}});
}

Json feed_json(const exposure::Feed& f) {
  return Json::object({{"feed", f.last.feed},
                       {"sequence", f.last.sequence},
                       {"published_at", time_json(f.last.published)},
                       {"imported_at", time_json(f.imported)},
                       {"documents", f.documents},
                       {"stale", f.stale}});
}

Result<Reply> images(Context& c) {
  return page_in_order(c, c.domain.exposure.images(), image_json);
}

Result<Reply> put_bill(Context& c) {
  ObjectReader in(c.body);
  auto model = in.name<ModelTag>("model");
  std::string version = in.text("version", 64);
  const std::string text = in.text("document", exposure::sbom_max);
  TRY_VOID(in.done());
  TRY(const auto image,
      c.domain.exposure.put_bill(std::move(model), std::move(version), text, c.actor()));
  return Reply{.status = 201, .body = image_json(image)};
}

Result<Reply> feeds(Context& c) {
  return page_in_order(c, c.domain.exposure.feeds(), feed_json);
}

Result<Reply> keys(Context& c) {
  return page_in_order(c, c.domain.exposure.keys(), [](const exposure::Key& key) {
    return Json::object({{"feed", key.feed}, {"id", key.id}, {"public_key_pem", key.pem}});
  });
}

Result<Reply> trust_key(Context& c) {
  ObjectReader in(c.body);
  const std::string feed = in.text("feed", 64), pem = in.text("public_key_pem", 4096);
  TRY_VOID(in.done());
  TRY(auto key, about(crypto::PublicKey::from_pem(pem), "/public_key_pem"));
  TRY_VOID(c.domain.exposure.trust_key(feed, std::move(key), c.actor()));
  return Reply{.status = 201, .body = Json::object({{"feed", feed}})};
}

Result<Reply> import(Context& c) {
  ObjectReader in(c.body);
  const Json envelope = in.any("envelope");
  const std::string documents = in.text("documents", exposure::bundle_max);
  TRY_VOID(in.done());
  TRY(const auto done, c.domain.exposure.import(wire::to_text(envelope), documents, c.actor()));
  return Reply{.status = 201,
               .body = Json::object({{"feed", done.bundle.feed},
                                     {"sequence", done.bundle.sequence},
                                     {"documents", done.documents},
                                     {"advisories", done.advisories},
                                     {"statements", done.statements},
                                     {"exploited", done.exploited},
                                     {"epss", done.likelihoods},
                                     {"left_out", done.left_out},
                                     {"unknown_ecosystems", texts_json(done.unknown)},
                                     {"findings", done.findings}})};
}

Result<Reply> list(Context& c) {
  return page_in_order(c, c.domain.exposure.vulnerabilities(), vulnerability_json);
}

Result<Reply> show(Context& c) {
  TRY(const auto found, c.domain.exposure.vulnerability(c.path[0]));
  Json body = vulnerability_json(found), findings = Json::array();
  for (const auto& each : c.domain.exposure.findings(found.id)) findings.push(finding_json(each));
  body.set("findings", std::move(findings));
  return Reply{.body = std::move(body)};
}

Result<Reply> devices(Context& c) {
  TRY(const auto found, c.domain.exposure.vulnerability(c.path[0]));
  TRY(const auto limit, c.number("limit", 1000, 1, 1000));
  const auto after = from_base64(c.text("cursor"));
  if (!after) return fail(Fault::invalid, "is not a cursor of this list", "?cursor");
  const auto page =
      c.domain.exposure.devices(found.id, text_of(*after), static_cast<std::size_t>(limit));
  Json::Array items;
  for (const auto* device : page.page)
    items.push_back(Json::object({{"device", device->id.text()},
                                  {"model", device->model.text()},
                                  {"firmware", device->firmware},
                                  {"risk", name_of(device->risk)},
                                  {"state", name_of(device->state)},
                                  {"online", device->online}}));
  return listing(std::move(items), page.next, page.total);
}

Result<Reply> overdue(Context& c) {
  return page_in_order(c, c.domain.exposure.overdue(), finding_json);
}

Result<Reply> except(Context& c) {
  ObjectReader in(c.body);
  auto model = in.maybe_name<ModelTag>("model");
  std::string owner = in.text("owner", 128), reason = in.text("reason", 512);
  const Instant until = in.time("until");
  TRY_VOID(in.done());
  TRY(const auto made, c.domain.exposure.except(c.path[0], std::move(model), std::move(owner),
                                                std::move(reason), until, c.actor()));
  return Reply{.status = 201, .body = exception_json(made, c.clock.now())};
}

Result<Reply> exceptions(Context& c) {
  return page_newest_first(
      c, c.domain.exposure.exceptions(), [](const exposure::Exception& e) { return e.id; },
      [&c](const exposure::Exception& e) { return exception_json(e, c.clock.now()); });
}

Result<Reply> end_exception(Context& c) {
  TRY(const auto id, c.id());
  TRY_VOID(c.domain.exposure.end_exception(id, c.actor()));
  return Reply{.status = 204};
}

Result<Reply> policy(Context& c) {
  return Reply{.body = exposure::to_json(c.domain.exposure.policy())};
}

Result<Reply> set_policy(Context& c) {
  TRY(const auto wanted, exposure::read_policy(c.body));
  TRY_VOID(c.domain.exposure.set_policy(wanted, c.actor()));
  return policy(c);
}

// The newest release of the model whose bill is known and holds nothing of it.
const release::Release* remedy(const Context& c, const std::string& vulnerability,
                               const ModelId& model) {
  for (const auto* release : c.domain.releases.list(model)) {
    const auto& version = release->metadata.version;
    if (c.domain.exposure.knows(model, version) &&
        !c.domain.exposure.affected(vulnerability, model, version))
      return release;
  }
  return nullptr;
}

// Those that run an affected version, if that can be said in a selector; else all of the model.
std::string selector_of(const ModelId& model, const std::vector<std::string>& versions) {
  constexpr std::size_t terms_max = 100, bytes_max = 2048;
  const std::string all = "model == \"" + model.text() + '"';
  std::string some;
  for (const auto& version : versions) {
    if (version.find_first_of("\"\\") != std::string::npos) return all;
    some += (some.empty() ? "" : " || ") + ("firmware == \"" + version + '"');
  }
  const std::string both = all + " && (" + some + ')';
  return versions.size() > terms_max || both.size() > bytes_max ? all : both;
}

Json rollout_body(const std::string& release, std::string selector) {
  Json waves = Json::array();
  for (const int share : {10, 100, 1000})
    waves.push(
        Json::object({{"share_permille", share}, {"tolerance_permille", 100}, {"soak_s", 3'600}}));
  // Isolated devices need their patch too.
  return Json::object({{"release", release},
                       {"selector", std::move(selector)},
                       {"waves", std::move(waves)},
                       {"deadline_s", 3'600},
                       {"quarantined", true}});
}

// Starts nothing: what it answers goes to POST /api/v1/rollouts, as it is or changed.
Result<Reply> plan(Context& c) {
  TRY(const auto found, c.domain.exposure.vulnerability(c.path[0]));
  std::map<ModelId, std::vector<std::string>> versions;
  std::map<ModelId, std::size_t> counts;
  for (const auto& each : c.domain.exposure.findings(found.id)) {
    if (each.state != exposure::State::open || !each.devices) continue;
    versions[each.model].push_back(each.version);
    counts[each.model] += each.devices;
  }
  Json rollouts = Json::array(), without = Json::array();
  for (const auto& [model, of] : versions) {
    const auto* release = remedy(c, found.id, model);
    if (release)
      rollouts.push(Json::object({{"model", model.text()},
                                  {"version", release->metadata.version},
                                  {"devices", counts[model]},
                                  {"rollout", rollout_body(release->id, selector_of(model, of))}}));
    else
      without.push(
          Json::object({{"model", model.text()},
                        {"devices", counts[model]},
                        {"why", "no release of this model has a bill of materials without it"}}));
  }
  return Reply{.body = Json::object({{"vulnerability", found.id},
                                     {"rollouts", std::move(rollouts)},
                                     {"without_remedy", std::move(without)}})};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/sboms", Role::viewer, images},
    {"POST", "/api/v1/sboms", Role::operator_, put_bill},
    {"GET", "/api/v1/advisory-feeds", Role::viewer, feeds},
    {"GET", "/api/v1/advisory-keys", Role::viewer, keys},
    {"POST", "/api/v1/advisory-keys", Role::admin, trust_key},
    {"POST", "/api/v1/advisories", Role::operator_, import},
    {"GET", "/api/v1/vulnerabilities", Role::viewer, list},
    {"GET", "/api/v1/vulnerabilities/{id}", Role::viewer, show},
    {"GET", "/api/v1/vulnerabilities/{id}/devices", Role::viewer, devices},
    {"GET", "/api/v1/vulnerabilities/{id}/plan", Role::viewer, plan},
    {"POST", "/api/v1/vulnerabilities/{id}/exceptions", Role::admin, except},
    {"GET", "/api/v1/patch-exceptions", Role::viewer, exceptions},
    {"DELETE", "/api/v1/patch-exceptions/{id}", Role::admin, end_exception},
    {"GET", "/api/v1/overdue-patches", Role::viewer, overdue},
    {"GET", "/api/v1/patch-policy", Role::viewer, policy},
    {"POST", "/api/v1/patch-policy", Role::admin, set_policy},
};

}  // namespace

std::span<const Route> exposure_routes() {
  return routes;
}

}  // namespace muster::api
