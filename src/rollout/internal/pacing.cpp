// Who may be offered something now: windows, rates, and how many at once.
#include <algorithm>

#include "rollout/internal/book.h"
#include "rollout/internal/windows.h"

namespace muster::rollout {
namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t ahead_us = 1'000'000;  // a second's worth may go at once
constexpr std::size_t looked_at_a_tick = 20'000, told_a_tick = 5'000;

std::int64_t micros(Instant t) {
  return millis(t) * 1000;
}

bool in_time(const Site& site, int per_minute, Instant now) {
  return per_minute == 0 || site.next_us <= micros(now) + ahead_us;
}

bool has_room(const Site& site, int at_once) {
  return at_once == 0 || site.under_way < static_cast<std::size_t>(at_once);
}

}  // namespace

bool Rollouts::Book::may_offer(Course& c, const Member& m, const inventory::Device& device) {
  if (!c.paced()) return true;
  const Instant now = clock.now();
  if (!opening(c.plan.windows, c.zones, device, now).open) return false;
  const Limits& l = c.plan.limits;
  const Site &all = c.sites[0], &site = c.sites[m.site];
  const bool free =
      in_time(all, l.per_minute, now) && has_room(all, l.at_once) &&
      (m.site == 0 || (in_time(site, l.site_per_minute, now) && has_room(site, l.site_at_once)));
  if (!free) c.held_at = now;
  return free;
}

bool Rollouts::Book::may_go_back(Course& c) {
  if (in_time(c.sites[0], c.plan.way_back.per_minute, clock.now())) return true;
  c.held_at = clock.now();
  return false;
}

void Rollouts::Book::spend(store::Writer& writer, Course& c, const Member& m, bool back) {
  const auto one = [&](Site& site, int per_minute) {
    if (per_minute == 0) return;
    site.next_us = std::max(site.next_us, micros(clock.now())) + minute_us / per_minute;
    write_pace(writer, c, site);
  };
  one(c.sites[0], back ? c.plan.way_back.per_minute : c.plan.limits.per_minute);
  if (m.site && !back) one(c.sites[m.site], c.plan.limits.site_per_minute);
}

// One whom the limits held, or whose window was not open for long enough since its wave opened, has
// not been silent.
bool Rollouts::Book::held_back(Course& c, const Member& m) {
  const Instant now = clock.now();
  if (c.state == State::reverting)
    return m.back_number == 0 && c.plan.way_back.per_minute && now < c.held_at + c.plan.deadline;
  if (m.outcome != Outcome::waiting || !c.paced()) return false;
  if (now < c.held_at + c.plan.deadline && c.held_at > Instant()) return true;
  const auto* device = inventory.find(m.device);
  if (!device || c.plan.windows.empty()) return false;
  const auto window = opening(c.plan.windows, c.zones, *device, now);
  const Instant asked = std::max({*c.waves[m.wave].opened_at, c.resumed_at, c.anew_at});
  if (window.length == Duration::max()) return false;
  const Duration enough = std::min(c.plan.deadline, window.length);
  if (window.since >= asked) return now < window.since + enough;
  const bool reached = asked + enough <= window.since + window.length;  // the rest of that one
  return !reached || now < asked + enough;
}

// How many may be offered something, all sites together.
std::size_t Rollouts::Book::room(const Course& c) const {
  const bool back = c.state == State::reverting;
  const int per_minute = back ? c.plan.way_back.per_minute : c.plan.limits.per_minute;
  std::size_t out = told_a_tick;
  if (per_minute) {
    const std::int64_t left = micros(clock.now()) + ahead_us - c.sites[0].next_us;
    out =
        left < 0 ? 0 : std::min(out, static_cast<std::size_t>(left / (minute_us / per_minute)) + 1);
  }
  const auto at_once = static_cast<std::size_t>(c.plan.limits.at_once);
  if (!back && at_once) out = std::min(out, at_once - std::min(at_once, c.sites[0].under_way));
  return out;
}

// The next of those that are here, in turn, so that nobody waits for ever.
void Rollouts::Book::tell_held(Course& c) {
  const bool back = c.state == State::reverting && c.plan.way_back.per_minute;
  if (!back && !(c.state == State::running && c.paced())) return;
  std::size_t left = room(c);
  const std::size_t looks = std::min(looked_at_a_tick, c.members.size());
  for (std::size_t looked = 0; looked < looks && left > 0; ++looked) {
    const Member& m = c.members[c.cursor++ % c.members.size()];
    const bool waits = back ? c.is_due(m) : m.outcome == Outcome::waiting && c.opened(m);
    const auto* device = waits ? inventory.find(m.device) : nullptr;
    if (!device || !device->online || (!back && !may_offer(c, m, *device))) continue;
    --left;
    tell_offer(m);
  }
  if (left == 0) c.held_at = clock.now();
}

}  // namespace muster::rollout
