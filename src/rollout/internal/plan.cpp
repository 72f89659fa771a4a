#include "rollout/internal/plan.h"

#include <algorithm>

#include "rollout/internal/zone.h"
#include "wire/update.h"

namespace muster::rollout {
namespace {

constexpr std::size_t waves_max = 32;
constexpr Duration day = 24h;
constexpr Duration longest = 30 * day;

std::string wave_pointer(std::size_t i, std::string_view member) {
  return wire::json_pointer(wire::json_pointer("/waves", i), member);
}

Result<void> check_wave(const Wave& w, std::size_t i, int before) {
  if (w.count && w.selector)
    return fail(Fault::invalid, "a wave has a share, a count or a selector, not two of them",
                wave_pointer(i, "count"));
  if (w.by_share() && (w.share_permille <= before || w.share_permille > 1000))
    return fail(Fault::invalid,
                "shares rise from wave to wave, up to 1000 permille: they include earlier waves",
                wave_pointer(i, "share"));
  if (w.tolerance_permille < 0 || w.tolerance_permille > 1000)
    return fail(Fault::invalid, "a tolerance is 0 to 1000 permille", wave_pointer(i, "tolerance"));
  if (w.soak < 0ms || w.soak > longest)
    return fail(Fault::invalid, "a soak is 0 to 30 days", wave_pointer(i, "soak"));
  return {};
}

Result<void> check_waves(const std::vector<Wave>& waves) {
  const std::size_t declared = waves.empty() ? 0 : waves.size() - waves.back().control;
  if (declared == 0 || declared > waves_max)
    return fail(Fault::invalid, "a rollout has 1 to 32 waves", "/waves");
  int before = 0;
  for (std::size_t i = 0; i < declared; ++i) {
    TRY_VOID(check_wave(waves[i], i, before));
    if (waves[i].by_share()) before = waves[i].share_permille;
  }
  if (before == 1000 && waves[declared - 1].by_share()) return {};
  return fail(Fault::invalid, "the last wave's share is 1000 permille: everybody",
              wave_pointer(declared - 1, "share"));
}

Result<void> check_windows(const std::vector<Window>& windows) {
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Window& w = windows[i];
    const auto at = [i](const char* member) {
      return wire::json_pointer(wire::json_pointer("/windows", i), member);
    };
    if (const auto zone = Zone::parse(w.zone); !zone)
      return fail(Fault::invalid, zone.error().message, at("zone"));
    if (w.days == 0 || w.days > 0x7f)
      return fail(Fault::invalid, "names no day of the week", at("days"));
    if (w.from_minute < 0 || w.from_minute > 1439 || w.to_minute < 0 || w.to_minute > 1440)
      return fail(Fault::invalid, "a minute of the day is 0 to 1439", at("from_minute"));
  }
  return {};
}

Result<void> check_needs(const Needs& needs) {
  if (!needs.minimum.empty() && !wire::is_version(needs.minimum))
    return fail(Fault::invalid, "is no version", "/needs/minimum");
  for (const auto& [name, least] : needs.versions)
    if (!wire::is_version(least))
      return fail(Fault::invalid, "is no version", wire::json_pointer("/needs/versions", name));
  return {};
}

Result<void> check_rest(const Plan& plan) {
  const Limits& l = plan.limits;
  if (l.sites.empty() && (l.site_per_minute || l.site_at_once))
    return fail(Fault::invalid, "says how groups that are sites begin, such as \"site:\"",
                "/limits/sites");
  int before = 0;
  for (const int share : plan.way_back.shares) {
    if (share <= before)
      return fail(Fault::invalid, "shares rise, up to 1000 permille", "/way_back/shares_permille");
    before = share;
  }
  if (before != 1000)
    return fail(Fault::invalid, "the last share is 1000 permille: everybody who took it",
                "/way_back/shares_permille");
  if (plan.emergency && plan.follow)
    return fail(Fault::invalid, "an emergency patch takes its targets once; it cannot follow",
                "/follow");
  if (plan.retry_of && plan.follow)
    return fail(Fault::invalid, "a retry is for who failed; it cannot follow", "/follow");
  return {};
}

}  // namespace

Result<void> check_plan(const Plan& plan) {
  TRY_VOID(check_waves(plan.waves));
  if (plan.deadline < 1s || plan.deadline > longest)
    return fail(Fault::invalid, "a deadline is 1 second to 30 days", "/deadline");
  if (plan.gate) TRY_VOID(check_gate(*plan.gate));
  TRY_VOID(check_windows(plan.windows));
  TRY_VOID(check_needs(plan.needs));
  return check_rest(plan);
}

wire::Json to_json(const Plan& plan) {
  auto waves = wire::Json::array();
  for (const Wave& w : plan.waves) {
    auto wave = wire::Json::object({{"share", w.share_permille},
                                    {"tolerance", w.tolerance_permille},
                                    {"soak_ms", std::int64_t{w.soak.count()}}});
    if (w.count) wave.set("count", std::uint64_t{w.count});
    if (w.selector) wave.set("selector", w.selector->text());
    if (w.control) wave.set("control", true);
    waves.push(std::move(wave));
  }
  auto out = wire::Json::object({{"release", plan.release},
                                 {"selector", plan.selector.text()},
                                 {"waves", std::move(waves)},
                                 {"deadline_ms", std::int64_t{plan.deadline.count()}},
                                 {"quarantined", plan.quarantined}});
  write_terms(out, plan);
  return out;
}

Result<Plan> read_plan(const wire::Json& json) {
  wire::ObjectReader in(json);
  Plan plan;
  plan.release = in.text("release", 64);
  const std::string selector = in.text("selector", 4096);
  const auto& waves = in.array("waves", waves_max + 1);
  plan.deadline = Duration(in.integer("deadline_ms", 1, longest.count()));
  plan.quarantined = in.boolean("quarantined");
  TRY_VOID(read_terms(in, plan));
  TRY_VOID(in.done());
  TRY(plan.selector, inventory::Selector::parse(selector));
  for (const auto& item : waves) {
    wire::ObjectReader wave(item);
    Wave w;
    w.share_permille = static_cast<int>(wave.integer("share", 1, 1000));
    w.tolerance_permille = static_cast<int>(wave.integer("tolerance", 0, 1000));
    w.soak = Duration(wave.integer("soak_ms", 0, longest.count()));
    w.count = static_cast<std::size_t>(wave.integer_or("count", 0, 0, 1'000'000'000));
    w.control = wave.boolean_or("control", false);
    const std::string ring = wave.text_or("selector", "", 4096);
    TRY_VOID(wave.done());
    if (!ring.empty()) {
      TRY(w.selector, inventory::Selector::parse(ring));
    }
    plan.waves.push_back(std::move(w));
  }
  TRY_VOID(check_plan(plan));
  return plan;
}

Plan with_control(Plan plan) {
  if (!plan.gate || plan.gate->control_permille == 0 || plan.waves.back().control) return plan;
  Wave control = plan.waves.back();
  control.control = true;
  plan.waves.push_back(std::move(control));
  return plan;
}

std::string show_permille(int permille) {
  std::string out = std::to_string(permille / 10);
  if (permille % 10) out += "." + std::to_string(permille % 10);
  return out + " %";
}

std::string hex_of(std::uint64_t seed) {
  Bytes octets;
  for (int shift = 56; shift >= 0; shift -= 8)
    octets.push_back(static_cast<std::uint8_t>(seed >> shift));
  return to_hex(octets);
}

}  // namespace muster::rollout
