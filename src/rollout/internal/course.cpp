#include "rollout/internal/course.h"

#include <algorithm>

namespace muster::rollout {
namespace {

constexpr auto silence_bit = 1u << static_cast<unsigned>(Stream::silence);

// What one target adds to its wave's counts; `by` is 1 or, to take it out, -1 as unsigned.
void add(WaveProgress& w, const Member& m, std::size_t by) {
  if (m.number) w.offered += by;
  if (m.outcome == Outcome::installed) w.installed += by;
  if (m.sick) w.failed += by;
  if (m.outcome == Outcome::reverted) w.reverted += by;
  if (m.outcome == Outcome::silent) w.silent += by;
  w.outcomes[static_cast<std::size_t>(m.outcome)] += by;
}

}  // namespace

bool Course::paced() const {
  const Limits& l = plan.limits;
  return l.per_minute || l.at_once || l.site_per_minute || l.site_at_once || !plan.windows.empty();
}

bool Course::opened(const Member& m) const {
  return opened_wave(m.wave);
}

bool Course::took(const Member& m) const {
  return m.number > 0 && (m.outcome == Outcome::installed || m.outcome == Outcome::offered ||
                          m.outcome == Outcome::silent);
}

bool Course::goes_back(const Member& m) const {
  return took(m) && origins[m.origin].way;
}

bool Course::is_due(const Member& m) const {
  return state == State::reverting && m.leg == Leg::out && goes_back(m) &&
         position_of(m) < back_until;
}

bool Course::is_unsettled(const Member& m) const {
  return state == State::reverting && (m.leg == Leg::back || (m.leg == Leg::out && goes_back(m)));
}

std::optional<Instant> Course::deadline(const Member& m) const {
  const Instant since = std::max(m.since, anew_at);
  if (state == State::reverting) {
    if (is_due(m)) return std::max(since, turned_at) + plan.deadline;
    if (m.leg == Leg::back) return since + plan.deadline;
    return std::nullopt;
  }
  if (moving() && m.outcome == Outcome::offered) return since + plan.deadline;
  if (state == State::running && m.outcome == Outcome::waiting && opened(m))
    return std::max({*waves[m.wave].opened_at, resumed_at, since}) + plan.deadline;
  return std::nullopt;
}

bool Course::complete(std::size_t i) const {
  const auto& now = waves[i].outcomes;
  return now[static_cast<std::size_t>(Outcome::waiting)] +
             now[static_cast<std::size_t>(Outcome::offered)] ==
         0;
}

bool Course::evidence_counts(std::size_t i) const {
  return trial && waves[i].targets >= trial->gate().small_wave;
}

bool Course::sick(std::size_t i) const {
  if (evidence_counts(i)) return false;
  const WaveProgress& w = waves[i];
  return (w.failed + w.silent) * 1000 >
         w.targets * static_cast<std::size_t>(w.wave.tolerance_permille);
}

// Once a device was silent nothing else about it counts; an offer that is under way takes it out of
// both sides, but for silence.
std::optional<Side> Course::side(const Member& m, Stream s) const {
  if (!m.here || m.seen & (silence_bit | 1u << static_cast<unsigned>(s))) return std::nullopt;
  if (m.outcome == Outcome::waiting) return Side::control;
  if (m.outcome == Outcome::installed) return Side::treated;
  if (m.outcome == Outcome::offered && s == Stream::silence) return Side::treated;
  return std::nullopt;
}

void Course::tally(const Member& m, std::size_t by) {
  if (m.outcome == Outcome::offered) {
    sites[0].under_way += by;
    if (m.site) sites[m.site].under_way += by;
  }
  if (!trial) return;
  const bool told = m.outcome == Outcome::installed || m.outcome == Outcome::failed ||
                    m.outcome == Outcome::reverted;
  const bool mute = m.outcome == Outcome::silent && m.number > 0 && !(m.seen & silence_bit);
  if (m.leg == Leg::out && (told || mute)) {
    installs.tried += by;
    if (mute || m.sick) installs.hurt += by;
  }
  for (const Stream s : trial->gate().watched) {
    const auto where = side(m, s);
    if (!where || s == Stream::install) continue;
    const auto i = static_cast<std::size_t>(s);
    (*where == Side::treated ? at_risk[i].treated : at_risk[i].control) += by;
    if (*where == Side::treated) since_ms[i] += (m.since - started_at).count() * (by == 1 ? 1 : -1);
  }
}

void Course::count(const Member& m) {
  add(waves[m.wave], m, 1);
  tally(m, 1);
  if (state != State::reverting) return;
  if (is_unsettled(m)) {
    ++unsettled;
    if (position_of(m) < back_until) ++back_open;
  }
  if (m.leg == Leg::late || (m.leg == Leg::over && m.back_number && m.outcome == Outcome::failed))
    ++back_failed;
}

void Course::uncount(const Member& m) {
  add(waves[m.wave], m, static_cast<std::size_t>(-1));
  tally(m, static_cast<std::size_t>(-1));
  if (state != State::reverting) return;
  if (is_unsettled(m)) {
    --unsettled;
    if (position_of(m) < back_until) --back_open;
  }
  if (m.leg == Leg::late || (m.leg == Leg::over && m.back_number && m.outcome == Outcome::failed))
    --back_failed;
}

void Course::open_back(std::size_t until) {
  for (std::size_t i = back_until; i < until; ++i) back_open += is_unsettled(members[i]);
  back_until = until;
}

std::uint16_t Course::site_of(const inventory::Device& d) {
  const std::string& prefix = plan.limits.sites;
  if (prefix.empty()) return 0;
  const auto group = std::find_if(d.groups.begin(), d.groups.end(),
                                  [&](const auto& g) { return g.starts_with(prefix); });
  if (group == d.groups.end()) return 0;
  if (const auto known = site_numbers.find(*group); known != site_numbers.end())
    return known->second;
  if (sites.size() > 0xffff) return 0;
  const auto number = static_cast<std::uint16_t>(sites.size());
  sites.push_back({*group});
  site_numbers.emplace(*group, number);
  return number;
}

Verdict Course::verdict(Instant now) const {
  const auto soak = static_cast<double>(
      std::max<Duration>(waves[wave].wave.soak, std::chrono::minutes(1)).count());
  const double run = static_cast<double>((now - started_at).count());
  Trial::Sides sides{};
  for (std::size_t i = 0; i < streams; ++i) {
    const double treated = static_cast<double>(at_risk[i].treated);
    sides[i] = {
        Exposure{at_risk[i].control, static_cast<double>(at_risk[i].control) * run / soak},
        Exposure{at_risk[i].treated, (treated * run - static_cast<double>(since_ms[i])) / soak}};
  }
  // Of both sides as they were before what happened to them took devices away.
  for (const Stream s : trial->gate().watched) {
    const auto i = static_cast<std::size_t>(s);
    sides[i][0].devices += trial->weighed(s).control;
    sides[i][1].devices += trial->weighed(s).treated;
    sides[i][0].soaks +=
        static_cast<double>(members.size() - std::min(members.size(), at_risk[i].control)) * run /
        soak;
  }
  return trial->judge(installs, sides);
}

Progress Course::progress(Instant now) const {
  Progress out{.id = id,
               .plan = plan,
               .state = state,
               .wave = wave,
               .reason = reason,
               .started_at = started_at,
               .ended_at = ended_at,
               .waves = waves};
  if (trial && moving()) out.gate = verdict(now);
  out.holding = holding;
  out.back_wave = back_wave;
  out.back_held = back_held;
  return out;
}

}  // namespace muster::rollout
