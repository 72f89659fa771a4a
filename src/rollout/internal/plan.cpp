#include "rollout/internal/plan.h"

#include <algorithm>

namespace muster::rollout {
namespace {

constexpr std::size_t waves_max = 32;
constexpr Duration day = 24h;
constexpr Duration longest = 30 * day;

std::string wave_pointer(std::size_t i, std::string_view member) {
  return wire::json_pointer(wire::json_pointer("/waves", i), member);
}

Result<void> check_waves(const std::vector<Wave>& waves) {
  if (waves.empty() || waves.size() > waves_max)
    return fail(Fault::invalid, "a rollout has 1 to 32 waves", "/waves");
  int before = 0;
  for (std::size_t i = 0; i < waves.size(); ++i) {
    const Wave& w = waves[i];
    if (w.share_permille <= before || w.share_permille > 1000)
      return fail(Fault::invalid,
                  "shares rise from wave to wave, up to 1000 permille: they include earlier waves",
                  wave_pointer(i, "share"));
    if (w.tolerance_permille < 0 || w.tolerance_permille > 1000)
      return fail(Fault::invalid, "a tolerance is 0 to 1000 permille",
                  wave_pointer(i, "tolerance"));
    if (w.soak < 0ms || w.soak > longest)
      return fail(Fault::invalid, "a soak is 0 to 30 days", wave_pointer(i, "soak"));
    before = w.share_permille;
  }
  if (before == 1000) return {};
  return fail(Fault::invalid, "the last wave's share is 1000 permille: everybody",
              wave_pointer(waves.size() - 1, "share"));
}

}  // namespace

Result<void> check_plan(const Plan& plan) {
  TRY_VOID(check_waves(plan.waves));
  if (plan.deadline < 1s || plan.deadline > longest)
    return fail(Fault::invalid, "a deadline is 1 second to 30 days", "/deadline");
  return {};
}

wire::Json to_json(const Plan& plan) {
  auto waves = wire::Json::array();
  for (const Wave& w : plan.waves)
    waves.push(wire::Json::object({{"share", w.share_permille},
                                   {"tolerance", w.tolerance_permille},
                                   {"soak_ms", std::int64_t{w.soak.count()}}}));
  return wire::Json::object({{"release", plan.release},
                             {"selector", plan.selector.text()},
                             {"waves", std::move(waves)},
                             {"deadline_ms", std::int64_t{plan.deadline.count()}},
                             {"quarantined", plan.quarantined}});
}

Result<Plan> read_plan(const wire::Json& json) {
  wire::ObjectReader in(json);
  Plan plan;
  plan.release = in.text("release", 64);
  const std::string selector = in.text("selector", 4096);
  const auto& waves = in.array("waves", waves_max);
  plan.deadline = Duration(in.integer("deadline_ms", 1, longest.count()));
  plan.quarantined = in.boolean("quarantined");
  TRY_VOID(in.done());
  TRY(plan.selector, inventory::Selector::parse(selector));
  for (const auto& item : waves) {
    wire::ObjectReader wave(item);
    Wave w;
    w.share_permille = static_cast<int>(wave.integer("share", 1, 1000));
    w.tolerance_permille = static_cast<int>(wave.integer("tolerance", 0, 1000));
    w.soak = Duration(wave.integer("soak_ms", 0, longest.count()));
    TRY_VOID(wave.done());
    plan.waves.push_back(w);
  }
  TRY_VOID(check_plan(plan));
  return plan;
}

std::vector<std::size_t> wave_sizes(const std::vector<Wave>& waves, std::size_t targets) {
  std::vector<std::size_t> sizes;
  std::size_t before = 0;
  for (std::size_t i = 0; i < waves.size(); ++i) {
    const std::size_t later = waves.size() - 1 - i;
    const std::size_t by_share = targets * static_cast<std::size_t>(waves[i].share_permille) / 1000;
    const std::size_t leaving_one_each = targets > later ? targets - later : 0;
    const std::size_t wanted = std::max(before + 1, std::min(by_share, leaving_one_each));
    const std::size_t upto = std::min(targets, wanted);
    sizes.push_back(upto - before);
    before = upto;
  }
  return sizes;
}

std::string show_permille(int permille) {
  std::string out = std::to_string(permille / 10);
  if (permille % 10) out += "." + std::to_string(permille % 10);
  return out + " %";
}

}  // namespace muster::rollout
