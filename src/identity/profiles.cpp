// On what terms a device enrols: the profile that the label in the path names.

#include <algorithm>

#include "identity/internal/registry.h"
#include "wire/json.h"

namespace muster::identity {
namespace {

constexpr std::size_t profiles_max = 64, listed_max = 64;
constexpr Duration life_min = 1h, life_max = 398 * 24h;
constexpr Duration retry_min = 1s, retry_max = 24h;
constexpr std::array unknown_names{"refuse", "park"};

template <class Names>
wire::Json texts(const Names& names) {
  auto out = wire::Json::array();
  for (const auto& name : names) {
    if constexpr (std::is_same_v<std::decay_t<decltype(name)>, ModelId>)
      out.push(name.text());
    else
      out.push(name);
  }
  return out;
}

wire::Json terms_of(const EnrolmentProfile& p) {
  const auto seconds = [](Duration d) {
    return std::int64_t{std::chrono::duration_cast<std::chrono::seconds>(d).count()};
  };
  return wire::Json::object({{"certificate_life_s", seconds(p.certificate_life)},
                             {"unknown", name_of(p.unknown)},
                             {"retry_after_s", seconds(p.retry_after)},
                             {"models", texts(p.models)},
                             {"makers", texts(p.makers)},
                             {"server_keys", p.server_keys}});
}

Result<EnrolmentProfile> profile_of(std::string name, const std::string& terms) {
  TRY(const auto json, wire::parse_json(terms));
  wire::ObjectReader in(json);
  constexpr auto any = std::numeric_limits<std::int64_t>::max() / 1000;
  EnrolmentProfile out{.name = std::move(name)};
  out.certificate_life = std::chrono::seconds(in.integer("certificate_life_s", 1, any));
  out.unknown = in.text("unknown") == unknown_names[1] ? Unknown::park : Unknown::refuse;
  out.retry_after = std::chrono::seconds(in.integer("retry_after_s", 1, any));
  const auto models = in.texts_or("models", {});
  out.makers = in.texts_or("makers", {});
  out.server_keys = in.boolean("server_keys");
  TRY_VOID(in.done());
  for (const auto& text : models) {
    TRY(auto model, ModelId::parse(text));
    out.models.push_back(std::move(model));
  }
  return out;
}

Result<void> check_profile(const EnrolmentProfile& p, Duration signer_life_max) {
  if (!is_name(p.name) || p.name == "mime")
    return fail(Fault::invalid,
                "a profile's name is 1 to 64 of A-Z a-z 0-9 . _ : - and not \"mime\", which is the "
                "label for wrapped answers",
                "/name");
  if (p.certificate_life < life_min || p.certificate_life > life_max)
    return fail(Fault::invalid, "must be from one hour to 398 days", "/certificate_life_s");
  if (signer_life_max > 0ms && p.certificate_life > signer_life_max)
    return fail(Fault::invalid,
                "is longer than the signer gives: at most " + show(signer_life_max) +
                    "; choose a shorter life, or start muster-signer with a longer --life-max",
                "/certificate_life_s");
  if (p.retry_after < retry_min || p.retry_after > retry_max)
    return fail(Fault::invalid, "must be from one second to one day", "/retry_after_s");
  if (p.models.size() > listed_max)
    return fail(Fault::invalid, "must be at most 64 models", "/models");
  if (p.makers.size() > listed_max)
    return fail(Fault::invalid, "must be at most 64 makers", "/makers");
  return {};
}

}  // namespace

const char* name_of(Unknown unknown) {
  return unknown_names[static_cast<std::size_t>(unknown)];
}

Result<void> Profiles::load() {
  auto rows = store_.read("SELECT name, terms FROM identity_profile");
  while (rows.next()) {
    TRY(auto profile, profile_of(rows.text(0), rows.text(1)));
    const auto name = profile.name;
    put_.emplace(name, std::move(profile));
  }
  return {};
}

Result<void> Profiles::put(EnrolmentProfile profile, ledger::Actor by) {
  TRY_VOID(check_profile(profile, settings_.life_max));
  for (const auto& name : profile.makers)
    if (!makers_.find(name))
      return fail(Fault::invalid, "there is no maker " + name.substr(0, 64), "/makers");
  if (put_.size() >= profiles_max && !put_.contains(profile.name))
    return fail(Fault::exhausted, "there are 64 profiles already; remove one first");
  const auto terms = terms_of(profile);
  ledger_
      .record({std::move(by), "enrolment-profile.set", "enrolment-profile/" + profile.name, terms})
      .write("INSERT OR REPLACE INTO identity_profile(name, terms) VALUES(?,?)",
             {profile.name, wire::to_text(terms)});
  const auto name = profile.name;
  put_.insert_or_assign(name, std::move(profile));
  return {};
}

Result<void> Profiles::remove(const std::string& name, ledger::Actor by) {
  const auto at = put_.find(name);
  if (at == put_.end())
    return fail(Fault::missing,
                "there is no enrolment profile " + name.substr(0, 64) + " that could be removed");
  ledger_.record({std::move(by), "enrolment-profile.removed", "enrolment-profile/" + name})
      .write("DELETE FROM identity_profile WHERE name = ?", {name});
  put_.erase(at);
  return {};
}

EnrolmentProfile Profiles::default_one() const {
  return {.name = default_profile, .certificate_life = settings_.certificate_life};
}

Result<EnrolmentProfile> Profiles::find(const std::string& name) const {
  const auto& wanted = name.empty() ? default_profile : name;
  if (const auto at = put_.find(wanted); at != put_.end()) return at->second;
  if (wanted != default_profile)
    return fail(Fault::missing, "there is no enrolment profile of this name");
  return default_one();
}

std::vector<EnrolmentProfile> Profiles::all() const {
  std::vector<EnrolmentProfile> out;
  if (!put_.contains(default_profile)) out.push_back(default_one());
  for (const auto& [name, profile] : put_) out.push_back(profile);
  return out;
}

Result<void> Identity::put_profile(EnrolmentProfile profile, ledger::Actor by) {
  return registry_->profiles.put(std::move(profile), std::move(by));
}

Result<void> Identity::remove_profile(const std::string& name, ledger::Actor by) {
  return registry_->profiles.remove(name, std::move(by));
}

Result<EnrolmentProfile> Identity::profile(const std::string& name) const {
  return registry_->profiles.find(name);
}

std::vector<EnrolmentProfile> Identity::profiles() const {
  return registry_->profiles.all();
}

}  // namespace muster::identity
