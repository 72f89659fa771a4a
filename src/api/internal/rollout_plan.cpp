#include "api/internal/rollout_plan.h"

#include <cmath>

#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Result<rollout::Wave> wave_of(const Json& value, std::size_t index) {
  const std::string place = "/waves/" + std::to_string(index);
  ObjectReader in(value, place);
  rollout::Wave wave;
  wave.count = static_cast<std::size_t>(in.integer_or("count", 0, 1, 1'000'000'000));
  const std::string selector = in.text_or("selector", "", 2048);
  if (wave.count == 0 && selector.empty())
    wave.share_permille = static_cast<int>(in.integer("share_permille", 1, 1000));
  else if (in.maybe("share_permille"))
    in.refuse("share_permille", "is for a wave that has neither a count nor a selector");
  wave.tolerance_permille =
      static_cast<int>(in.integer_or("tolerance_permille", wave.tolerance_permille, 0, 1000));
  wave.soak = std::chrono::seconds(in.integer_or("soak_s", 30, 0, 30 * 86'400));
  TRY_VOID(in.done());
  if (!selector.empty()) {
    TRY(wave.selector, about(inventory::Selector::parse(selector), place + "/selector"));
  }
  return wave;
}

Json wave_json(const rollout::Wave& wave) {
  Json out = Json::object();
  if (wave.selector)
    out.set("selector", wave.selector->text());
  else if (wave.count)
    out.set("count", std::uint64_t{wave.count});
  else
    out.set("share_permille", wave.share_permille);
  return out.set("tolerance_permille", wave.tolerance_permille)
      .set("soak_s", wave.soak.count() / 1000);
}

double hundredths(double x) {
  return std::isfinite(x) ? std::round(x * 100) / 100 : x > 0 ? 1e6 : -1e6;
}

}  // namespace

Result<rollout::Plan> plan_of(Context& c) {
  ObjectReader in(c.body);
  const std::string release = in.text("release", 64),
                    selector = in.text_or("selector", "all", 2048);
  const Json::Array waves = in.array("waves", 32);
  rollout::Plan plan{
      .release = release, .selector = inventory::Selector::everything(), .waves = {}};
  plan.deadline = std::chrono::seconds(in.integer_or("deadline_s", 300, 1, 30 * 86'400));
  plan.quarantined = in.boolean_or("quarantined", false);
  TRY_VOID(read_terms(in, plan));
  TRY_VOID(in.done());
  TRY(plan.selector, about(inventory::Selector::parse(selector), "/selector"));
  for (std::size_t i = 0; i < waves.size(); ++i) {
    TRY(auto wave, wave_of(waves[i], i));
    plan.waves.push_back(std::move(wave));
  }
  return plan;
}

Json plan_json(const rollout::Plan& plan) {
  Json waves = Json::array();
  for (const auto& wave : plan.waves)
    if (!wave.control) waves.push(wave_json(wave));
  Json out = Json::object({{"release", plan.release},
                           {"selector", plan.selector.text()},
                           {"waves", std::move(waves)},
                           {"deadline_s", plan.deadline.count() / 1000},
                           {"quarantined", plan.quarantined}});
  write_terms(out, plan);
  return out;
}

Json preview_json(const rollout::Preview& found) {
  Json sizes = Json::array(), waves = Json::array(), left_out = Json::array(),
       overtaken = Json::array();
  for (std::size_t size : found.wave_sizes) sizes.push(size);
  for (const auto& wave : found.waves) {
    Json first = Json::array();
    for (const auto& device : wave.first) first.push(device.text());
    waves.push(Json::object({{"targets", wave.targets},
                             {"earliest", time_json(wave.earliest)},
                             {"first", std::move(first)}}));
  }
  for (const auto& [device, why] : found.left_out)
    left_out.push(Json::object({{"device", device.text()}, {"why", why}}));
  for (const auto& [device, rollout] : found.overtaken)
    overtaken.push(Json::object({{"device", device.text()}, {"rollout", rollout.number}}));
  rollout::Plan seeded;
  seeded.seed = found.seed;
  Json seed = Json::object();
  write_terms(seed, seeded);
  return Json::object({{"dry_run", true},
                       {"targets", found.targets},
                       {"waves", std::move(sizes)},
                       {"schedule", std::move(waves)},
                       {"seed", *seed.find("seed")},
                       {"overtaken", std::move(overtaken)},
                       {"left_out", std::move(left_out)}});
}

Json evidence_json(const rollout::Verdict& verdict) {
  constexpr const char* answers[] = {"hold", "pass", "harm"};
  Json evidence = Json::array();
  for (const auto& e : verdict.evidence)
    evidence.push(Json::object({{"stream", name_of(e.stream)},
                                {"treated", e.treated},
                                {"treated_events", e.treated_events},
                                {"control", e.control},
                                {"control_events", e.control_events},
                                {"harm", hundredths(e.harm)},
                                {"harmless", hundredths(e.harmless)},
                                {"supports", e.supports}}));
  return Json::object({{"answer", answers[static_cast<std::size_t>(verdict.answer)]},
                       {"harm", hundredths(verdict.harm)},
                       {"needed", hundredths(verdict.needed)},
                       {"words", verdict.words},
                       {"evidence", std::move(evidence)}});
}

}  // namespace muster::api
