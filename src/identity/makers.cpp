// Whose birth certificates count: makers' CAs, each trusted under a name and for models.

#include <algorithm>

#include "identity/internal/registry.h"
#include "wire/json.h"

namespace muster::identity {
namespace {

constexpr std::size_t makers_max = 64, models_max = 64, anchors_max = 8;

Result<void> check_maker(const Maker& maker) {
  if (!is_name(maker.name)) return fail(Fault::invalid, "the maker needs a name", "/name");
  if (maker.models.empty() || maker.models.size() > models_max)
    return fail(Fault::invalid, "a maker is trusted for 1 to 64 models", "/models");
  if (maker.anchors.empty() || maker.anchors.size() > anchors_max)
    return fail(Fault::invalid, "a maker has 1 to 8 CA certificates", "/certificates_pem");
  for (const auto& anchor : maker.anchors)
    if (!anchor.is_ca)
      return fail(Fault::invalid,
                  "\"" + anchor.common_name +
                      "\" is not a CA's certificate: trust the CA that "
                      "signs the devices' certificates, or its root",
                  "/certificates_pem");
  return {};
}

std::string pem_of(const Maker& maker) {
  std::string out;
  for (const auto& anchor : maker.anchors) out += crypto::certificate_pem(anchor.der);
  return out;
}

wire::Json names_of(const std::vector<ModelId>& models) {
  auto out = wire::Json::array();
  for (const auto& model : models) out.push(model.text());
  return out;
}

}  // namespace

Result<void> Makers::load() {
  auto rows = store_.read("SELECT name, models, pem FROM identity_maker");
  while (rows.next()) {
    Maker maker{.name = rows.text(0), .models = {}, .anchors = {}};
    TRY(const auto models, wire::parse_json(rows.text(1)));
    if (!models.items())
      return fail(Fault::corrupt, "the models of maker " + maker.name + " do not read");
    for (const auto& each : *models.items()) {
      TRY(auto model, ModelId::parse(each.text() ? *each.text() : std::string()));
      maker.models.push_back(std::move(model));
    }
    TRY(maker.anchors, crypto::parse_certificates_pem(rows.text(2)));
    const auto name = maker.name;
    all_.emplace(name, std::move(maker));
  }
  return {};
}

const Maker* Makers::find(const std::string& name) const {
  const auto at = all_.find(name);
  return at == all_.end() ? nullptr : &at->second;
}

Result<ModelId> model_of(const Maker& maker, const ModelId& told) {
  if (told.text().empty() && maker.models.size() == 1) return maker.models.front();
  if (told.text().empty())
    return fail(Fault::invalid,
                maker.name + " makes " + std::to_string(maker.models.size()) +
                    " models; say which one this is",
                "/model");
  if (std::ranges::find(maker.models, told) == maker.models.end())
    return fail(Fault::invalid, maker.name + " is not trusted for the model " + told.text(),
                "/model");
  return told;
}

Result<void> Makers::trust(Maker maker, ledger::Actor by) {
  TRY_VOID(check_maker(maker));
  std::ranges::sort(maker.models);
  maker.models.erase(std::unique(maker.models.begin(), maker.models.end()), maker.models.end());
  if (all_.contains(maker.name))
    return fail(Fault::conflict,
                "there is a maker " + maker.name +
                    " already; distrust it first, or choose another "
                    "name",
                "/name");
  if (all_.size() >= makers_max)
    return fail(Fault::exhausted, "64 makers are trusted already; distrust one first");
  const auto models = names_of(maker.models);
  auto prints = wire::Json::array();
  for (const auto& anchor : maker.anchors) prints.push(to_hex(anchor.fingerprint));
  ledger_
      .record({std::move(by), "maker.trusted", "maker/" + maker.name,
               wire::Json::object({{"models", models}, {"certificates", std::move(prints)}})})
      .write("INSERT INTO identity_maker(name, models, pem) VALUES(?,?,?)",
             {maker.name, wire::to_text(models), pem_of(maker)});
  const auto name = maker.name;
  all_.emplace(name, std::move(maker));
  return {};
}

Result<void> Makers::distrust(const std::string& name, ledger::Actor by) {
  const auto at = all_.find(name);
  if (at == all_.end()) return fail(Fault::missing, "there is no maker " + name.substr(0, 64));
  auto& writer = ledger_.record({std::move(by), "maker.distrusted", "maker/" + name});
  writer.write("DELETE FROM identity_maker WHERE name = ?", {name});
  writer.write("DELETE FROM identity_parked WHERE maker = ?", {name});
  all_.erase(at);
  return {};
}

Result<void> Identity::trust_maker(Maker maker, ledger::Actor by) {
  return registry_->makers.trust(std::move(maker), std::move(by));
}

Result<void> Identity::distrust_maker(const std::string& name, ledger::Actor by) {
  return registry_->makers.distrust(name, std::move(by));
}

std::vector<Maker> Identity::makers() const {
  std::vector<Maker> out;
  for (const auto& [name, maker] : registry_->makers.all()) out.push_back(maker);
  return out;
}

}  // namespace muster::identity
