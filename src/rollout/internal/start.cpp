// From a plan to a rollout: who is a target, in what order, in which wave. The order is drawn by
// lot, so that a wave of canaries is not one batch of one maker behind one uplink.
#include <algorithm>

#include "rollout/internal/book.h"
#include "rollout/internal/plan.h"
#include "rollout/internal/windows.h"

namespace muster::rollout {
namespace {

constexpr std::size_t named_a_wave = 100, overtaken_named_max = 1'000;

Result<void> need_targets(const Chosen& chosen) {
  if (!chosen.targets.empty()) return {};
  if (chosen.left_out.empty())
    return fail(Fault::invalid, "the selector matches no device", "/selector");
  const auto& [device, why] = chosen.left_out.front();
  return fail(
      Fault::invalid,
      "no device that the selector matches can take this release; " + device.text() + " " + why,
      "/selector");
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += text + '\n';
  return out;
}

std::string attribute(const inventory::Device& d, const std::string& name, const Plan& plan) {
  if (name == "firmware") return d.firmware;
  if (name == "release") return d.release_id;
  if (name == "risk") return name_of(d.risk);
  if (name == "groups") return joined(d.groups);
  if (name == "site") {
    const auto& prefix = plan.limits.sites.empty() ? std::string("site:") : plan.limits.sites;
    for (const auto& group : d.groups)
      if (group.starts_with(prefix)) return group;
    return {};
  }
  const auto* value = d.reported.find(name);
  return value && value->text() ? *value->text() : std::string();
}

using Deal = std::vector<std::vector<std::size_t>>;

Deal dealt(const inventory::Inventory& inventory, const Plan& plan,
           const std::vector<DeviceId>& targets, std::uint64_t seed) {
  std::vector<std::size_t> order;
  if (plan.spread.empty()) {
    order = shuffled(targets.size(), seed);
  } else {
    std::vector<std::string> strata;
    strata.reserve(targets.size());
    for (const auto& target : targets) {
      std::string stratum;
      for (const auto& name : plan.spread)
        stratum += attribute(*inventory.find(target), name, plan) + '\0';
      strata.push_back(std::move(stratum));
    }
    order = spread_out(strata, seed);
  }
  return deal(plan, order, [&](const inventory::Selector& selector, std::size_t target) {
    return selector.matches(*inventory.find(targets[target]));
  });
}

// When each wave may open at the earliest: offers at the rate of the plan, and each soak.
std::vector<PreviewWave> foreseen(const Plan& plan, const Deal& waves,
                                  const std::vector<DeviceId>& targets, Instant from) {
  std::vector<Zone> zones;
  for (const Window& w : plan.windows) zones.push_back(expect(Zone::parse(w.zone)));
  std::vector<PreviewWave> out;
  Instant at = from;
  for (const auto& wave : waves) {
    at = first_open(plan.windows, zones, at);
    PreviewWave p{wave.size(), {}, at};
    for (std::size_t i = 0; i < std::min(wave.size(), named_a_wave); ++i)
      p.first.push_back(targets[wave[i]]);
    if (plan.limits.per_minute)
      at += std::chrono::milliseconds(60'000 * static_cast<std::int64_t>(wave.size()) /
                                      plan.limits.per_minute);
    at += plan.waves[out.size()].soak;
    out.push_back(std::move(p));
  }
  return out;
}

}  // namespace

Course& Rollouts::Book::new_course(Plan plan, const std::vector<DeviceId>& targets) {
  Course c;
  c.id.number = courses.empty() ? 1 : courses.rbegin()->first.number + 1;
  c.seed = plan.seed ? *plan.seed : random.next();
  c.started_at = clock.now();
  c.plan = std::move(plan);
  if (c.plan.gate) c.trial.emplace(*c.plan.gate);
  for (const Window& w : c.plan.windows) c.zones.push_back(expect(Zone::parse(w.zone)));
  const auto waves = dealt(inventory, c.plan, targets, c.seed);
  c.settled_at.resize(waves.size());
  const auto origin = static_cast<std::uint16_t>(origin_of(c, ""));
  c.members.reserve(targets.size());
  for (std::size_t wave = 0; wave < waves.size(); ++wave) {
    WaveProgress progress;
    progress.wave = c.plan.waves[wave];
    progress.targets = waves[wave].size();
    c.waves.push_back(std::move(progress));
    for (const std::size_t i : waves[wave]) {
      const auto& device = *inventory.find(targets[i]);
      Member m;
      m.device = targets[i];
      m.wave = static_cast<std::uint8_t>(wave);
      m.origin = origin;
      m.site = c.site_of(device);
      m.here = device.online;
      c.count(m);
      c.members.push_back(std::move(m));
    }
  }
  const auto id = c.id;
  return courses.emplace(id, std::move(c)).first->second;
}

// The key lies in the member, so one that lies elsewhere goes first.
void Rollouts::Book::enter(Course& c, std::size_t position) {
  const std::string_view name = c.members[position].device.text();
  places.erase(name);
  places.emplace(name, Place{&c, position});
}

// A device that was late on its way back has new orders now.
void Rollouts::Book::take_over(store::Writer& writer, const Course& c) {
  for (const Member& m : c.members) {
    const auto at = places.find(m.device.text());
    if (at == places.end() || at->second.course->live()) continue;
    at->second.member().leg = Leg::over;
    writer.write("UPDATE rollout_target SET leg = ? WHERE rollout = ? AND device = ?",
                 {static_cast<std::int64_t>(Leg::over),
                  static_cast<std::int64_t>(at->second.course->id.number), m.device.text()});
    places.erase(at);
  }
}

Result<Preview> Rollouts::preview(const Plan& asked) const {
  Plan plan = with_control(asked);
  if (plan.selector.text().empty()) plan.selector = inventory::Selector::everything();
  TRY_VOID(check_plan(asked));
  TRY(auto chosen, book_->choose(plan));
  Preview out;
  out.seed = plan.seed ? *plan.seed : book_->random.next();
  out.targets = chosen.targets.size();
  const auto waves = dealt(book_->inventory, plan, chosen.targets, out.seed);
  for (const auto& wave : waves) out.wave_sizes.push_back(wave.size());
  out.waves = foreseen(plan, waves, chosen.targets, book_->clock.now());
  out.left_out = std::move(chosen.left_out);
  out.overtaken = std::move(chosen.overtaken);
  if (out.overtaken.size() > overtaken_named_max)
    out.overtaken.erase(out.overtaken.begin() + overtaken_named_max, out.overtaken.end());
  return out;
}

Result<RolloutId> Rollouts::start(Plan plan, ledger::Actor by) {
  if (book_->approval_needed)
    return fail(Fault::conflict,
                "here a rollout needs two persons: propose the plan, and have another operator"
                " approve it");
  return book_->start(std::move(plan), std::move(by));
}

Result<RolloutId> Rollouts::Book::start(Plan plan, ledger::Actor by) {
  if (plan.selector.text().empty()) plan.selector = inventory::Selector::everything();
  TRY_VOID(check_plan(plan));
  plan = with_control(std::move(plan));
  TRY(const auto chosen, choose(plan));
  TRY_VOID(need_targets(chosen));

  Course& c = new_course(std::move(plan), chosen.targets);
  auto detail = to_json(c.plan);
  detail.set("targets", c.members.size()).set("seed", hex_of(c.seed));
  auto& writer = record(c, std::move(by), "rollout.started", std::move(detail));
  insert(writer, c);
  take_over(writer, c);
  overtake(c, chosen);
  places.reserve(places.size() + c.members.size());
  for (std::size_t i = 0; i < c.members.size(); ++i) enter(c, i);
  for (const auto& device : chosen.targets) {  // in order of the table's key
    const auto& place = places.at(device.text());
    writer.write(
        "INSERT INTO rollout_target(rollout, device, position, wave, here) VALUES(?,?,?,?,?)",
        {static_cast<std::int64_t>(c.id.number), device.text(),
         static_cast<std::int64_t>(place.position), std::int64_t{place.member().wave},
         std::int64_t{place.member().here}});
  }
  live.insert(c.id);
  open_wave(c, 0);
  return c.id;
}

}  // namespace muster::rollout
