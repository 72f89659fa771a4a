// What a clock that jumps does to waits: they begin anew. A device is not silent, and a wave has
// not soaked, because somebody set the clock of this machine, or stopped it for a while; nor does
// anybody wait a day longer because it was set back.

#include <algorithm>

#include "rollout/internal/book.h"

namespace muster::rollout {
namespace {

constexpr Duration forward_max = 1min, backward_max = 1s;  // between two ticks, a second apart

void not_after(Instant& at, Instant now) {
  at = std::min(at, now);
}

}  // namespace

void Rollouts::Book::notice_jump(Instant now) {
  const Instant before = ticked_at.value_or(now);
  ticked_at = now;
  if (now - before <= forward_max && before - now <= backward_max) return;
  if (live.empty()) return;
  for (const RolloutId id : live) begin_waits_anew(courses.at(id), now, now - before);
  deadlines = {};
  for (const RolloutId id : live)
    for (std::size_t i = 0; i < courses.at(id).members.size(); ++i) await(courses.at(id), i);
}

void Rollouts::Book::begin_waits_anew(Course& c, Instant now, Duration jump) {
  c.anew_at = now;
  not_after(c.resumed_at, now);
  not_after(c.turned_at, now);
  auto& writer = record(c, ledger::system_actor("rollout"), "rollout.clock-jumped",
                        wire::Json::object({{"by_ms", std::int64_t{jump.count()}}}),
                        "deadlines and soaks are counted anew");
  write(writer, c);
  for (std::size_t i = 0; i < c.waves.size(); ++i) {
    WaveProgress& w = c.waves[i];
    if (w.state != WaveState::open && w.state != WaveState::soaking) continue;
    not_after(*w.opened_at, now);
    if (w.state == WaveState::soaking) c.settled_at[i] = now;
    write_wave(writer, c, i);
  }
  for (Member& m : c.members) {
    if (m.since <= now) continue;
    m.since = now;
    writer.write("UPDATE rollout_target SET since = ? WHERE rollout = ? AND device = ?",
                 {millis(now), static_cast<std::int64_t>(c.id.number), m.device.text()});
  }
  tell_progress(c);
}

}  // namespace muster::rollout
