#include "rollout/internal/course.h"

#include <algorithm>

namespace muster::rollout {
namespace {

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

bool Course::opened(const Member& m) const {
  return waves[m.wave].state != WaveState::waiting;
}

bool Course::took(const Member& m) const {
  return m.number > 0 && (m.outcome == Outcome::installed || m.outcome == Outcome::offered ||
                          m.outcome == Outcome::silent);
}

bool Course::goes_back(const Member& m) const {
  return took(m) && origins[m.origin].way;
}

bool Course::is_due(const Member& m) const {
  return state == State::reverting && m.leg == Leg::out && goes_back(m);
}

bool Course::is_unsettled(const Member& m) const {
  return is_due(m) || (state == State::reverting && m.leg == Leg::back);
}

std::optional<Instant> Course::deadline(const Member& m) const {
  const Instant since = std::max(m.since, anew_at);
  if (is_due(m)) return std::max(since, turned_at) + plan.deadline;
  if (is_unsettled(m)) return since + plan.deadline;
  if (moving() && m.outcome == Outcome::offered) return since + plan.deadline;
  if (state == State::running && m.outcome == Outcome::waiting && opened(m))
    return std::max({*waves[m.wave].opened_at, resumed_at, anew_at}) + plan.deadline;
  return std::nullopt;
}

bool Course::complete(std::size_t i) const {
  const auto& now = waves[i].outcomes;
  return now[static_cast<std::size_t>(Outcome::waiting)] +
             now[static_cast<std::size_t>(Outcome::offered)] ==
         0;
}

bool Course::sick(std::size_t i) const {
  const WaveProgress& w = waves[i];
  return (w.failed + w.silent) * 1000 >
         w.targets * static_cast<std::size_t>(w.wave.tolerance_permille);
}

void Course::count(const Member& m) {
  add(waves[m.wave], m, 1);
  if (is_unsettled(m)) ++unsettled;
}

void Course::uncount(const Member& m) {
  add(waves[m.wave], m, static_cast<std::size_t>(-1));
  if (is_unsettled(m)) --unsettled;
}

Progress Course::progress() const {
  return {id, plan, state, wave, reason, started_at, ended_at, waves};
}

}  // namespace muster::rollout
