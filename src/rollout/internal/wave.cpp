// How waves open, soak, pass and fail, and how a rollout ends.
#include <utility>

#include "rollout/internal/book.h"
#include "rollout/internal/plan.h"

namespace muster::rollout {
namespace {

std::string words_of(const Course& c, std::size_t wave) {
  const WaveProgress& w = c.waves[wave];
  return "wave " + std::to_string(wave + 1) + " of " + std::to_string(c.waves.size()) + ": " +
         std::to_string(w.failed + w.silent) + " of its " + std::to_string(w.targets) +
         " devices failed (" + std::to_string(w.silent) + " of them without a word), more than " +
         show_permille(w.wave.tolerance_permille);
}

wire::Json ledger_json_of(const Course& c, std::size_t wave) {
  const WaveProgress& w = c.waves[wave];
  return wire::Json::object({{"wave", wave + 1},
                             {"targets", w.targets},
                             {"installed", w.installed},
                             {"failed", w.failed},
                             {"silent", w.silent}});
}

}  // namespace

void Rollouts::Book::open_wave(Course& c, std::size_t i) {
  WaveProgress& w = c.waves[i];
  c.wave = i;
  w.state = WaveState::open;
  w.opened_at = clock.now();
  auto& writer = record(c, ledger::system_actor("rollout"), "wave.opened",
                        wire::Json::object({{"wave", i + 1}, {"targets", w.targets}}));
  write(writer, c);
  write_wave(writer, c, i);
  std::size_t first = 0;
  for (std::size_t before = 0; before < i; ++before) first += c.waves[before].targets;
  for (std::size_t at = first; at < first + w.targets; ++at) {
    await(c, at);
    if (!c.paced()) tell_offer(c.members[at]);  // else in turn, as each tick finds room
  }
  if (w.targets > 0 && c.complete(i)) judge(writer, c, i);  // an emergency has taken all of them
  tell_progress(c);
}

void Rollouts::Book::advance(Course& c) {
  while (c.state == State::running) {
    WaveProgress& w = c.waves[c.wave];
    const bool soaked =
        w.state == WaveState::soaking && clock.now() >= c.settled_at[c.wave] + w.wave.soak;
    if (w.targets > 0 && !soaked) return hold(c, false);
    const Pass pass = w.targets > 0 ? may_pass(c) : Pass::unmeasured;
    if (pass == Pass::no) return;
    hold(c, false);
    w.state = WaveState::passed;
    auto detail = ledger_json_of(c, c.wave);
    constexpr const char* grounds[] = {"", "evidence", "patience", "consent", "tolerance"};
    if (c.trial) detail.set("on", grounds[static_cast<std::size_t>(pass)]);
    auto& writer = record(c, ledger::system_actor("rollout"), "wave.passed", std::move(detail),
                          c.trial && w.targets > 0 ? c.verdict(clock.now()).words : std::string());
    write_wave(writer, c, c.wave);
    if (c.wave + 1 < c.waves.size()) {
      open_wave(c, c.wave + 1);
      continue;
    }
    record(c, ledger::system_actor("rollout"), "rollout.done",
           wire::Json::object({{"targets", c.members.size()}}));
    finish(writer, c, State::done);
  }
}

// A wave that has passed is still judged: what went wrong after its soak is evidence as well.
void Rollouts::Book::judge(store::Writer& writer, Course& c, std::size_t i) {
  if (halt_if_harmful(c)) return;
  if (c.sick(i)) {
    c.waves[i].state = WaveState::failed;
    write_wave(writer, c, i);
    halt(c, ledger::system_actor("rollout"), words_of(c, i));
    return;
  }
  WaveProgress& w = c.waves[i];
  if (w.state == WaveState::passed) return;
  const auto before = w.state;
  w.state = c.complete(i) ? WaveState::soaking : WaveState::open;
  if (w.state == WaveState::soaking) c.settled_at[i] = clock.now();
  if (w.state == WaveState::soaking || before == WaveState::soaking) write_wave(writer, c, i);
}

void Rollouts::Book::expire(Course& c, Member& m) {
  if (held_back(c, m)) {
    m.since = clock.now();
    await(c, c.position_of(m));
    return;
  }
  const bool returning = c.state == State::reverting;
  const bool asked = returning ? m.leg == Leg::back : m.number > 0;
  const std::string why = "no word within " + show(c.plan.deadline) + " of " +
                          (asked       ? "the offer"
                           : returning ? "the halt"
                                       : "the wave's opening") +
                          (returning ? ", on the way back" : "");
  c.change(m, [&] {
    m.outcome = Outcome::silent;
    if (returning) m.leg = Leg::late;
    m.since = clock.now();
  });
  auto& writer = record(c, m, ledger::system_actor("rollout"), "update.silent",
                        wire::Json::object({{"offered", asked}, {"back", returning}}), why);
  write_member(writer, c, m, why);
  settle(writer, c, m);
}

// The targets of an ended rollout are let go, but for those that owe us their way back.
void Rollouts::Book::finish(store::Writer& writer, Course& c, State state) {
  c.state = state;
  c.ended_at = clock.now();
  c.unsettled = c.back_open = 0;
  c.trial.reset();
  c.away.clear();
  c.holding = false;
  write(writer, c);
  for (std::size_t i = 0; i < c.waves.size(); ++i) write_wave(writer, c, i);
  live.erase(c.id);
  const std::vector<Member> all = std::exchange(c.members, {});
  for (const Member& m : all) {
    const auto at = places.find(m.device.text());
    if (at != places.end() && at->second.course == &c) places.erase(at);
    if (state == State::reverted && m.leg == Leg::late) c.members.push_back(m);
  }
  for (std::size_t i = 0; i < c.members.size(); ++i) enter(c, i);
  for (const Member& m : all)
    if (m.outcome == Outcome::offered || m.outcome == Outcome::silent) tell_offer(m);
  tell_progress(c);
}

}  // namespace muster::rollout
