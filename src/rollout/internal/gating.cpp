// What is seen of devices, and what the gate makes of it.
#include <algorithm>

#include "rollout/internal/book.h"

namespace muster::rollout {

void Rollouts::saw(const DeviceId& device, Stream stream) {
  const auto at = book_->places.find(device.text());
  if (at == book_->places.end() || stream == Stream::install) return;
  book_->saw(*at->second.course, at->second.member(), stream);
}

void Rollouts::presence(const DeviceId& device, bool online) {
  const auto at = book_->places.find(device.text());
  if (at == book_->places.end()) return;
  book_->present(*at->second.course, at->second.member(), online);
}

void Rollouts::Book::saw(Course& c, Member& m, Stream s) {
  if (!c.trial || !c.moving() || !c.trial->watches(s)) return;
  const auto side = c.side(m, s);
  if (!side) return;
  c.trial->saw(s, *side, c.at_risk[static_cast<std::size_t>(s)]);
  c.change(m, [&] { m.seen |= static_cast<std::uint8_t>(1u << static_cast<unsigned>(s)) & 0x3fu; });
  auto& writer = ledger.observe();
  write_seen(writer, c, m);
  write_evidence(writer, c, s);
  halt_if_harmful(c);
}

bool Rollouts::Book::halt_if_harmful(Course& c) {
  if (!c.trial || !c.trial->harmful(c.installs)) return false;
  halt(c, ledger::system_actor("rollout"),
       "wave " + std::to_string(c.wave + 1) + " of " + std::to_string(c.waves.size()) + ": " +
           c.verdict(clock.now()).words);
  return true;
}

void Rollouts::Book::present(Course& c, Member& m, bool online) {
  if (!c.trial || !c.live()) return;
  const std::size_t position = c.position_of(m);
  if (online) {
    c.away.erase(position);
    if (m.here) return;
    c.change(m, [&] { m.here = true; });
    write_seen(ledger.observe(), c, m);
    return;
  }
  if (!m.here || !c.away.emplace(position, clock.now()).second) return;
  absences.emplace(clock.now() + c.trial->gate().silence, c.id, m.device.text(), position);
  saw(c, m, Stream::restarts);
}

void Rollouts::Book::look_for_the_absent() {
  const Instant now = clock.now();
  while (!absences.empty() && std::get<0>(absences.top()) <= now) {
    const auto [due, id, device, position] = absences.top();
    absences.pop();
    Course& c = courses.at(id);
    const auto at = c.away.find(position);
    if (!c.live() || at == c.away.end() || at->second + c.trial->gate().silence != due) continue;
    saw(c, c.members[position], Stream::silence);
  }
}

void Rollouts::Book::sweep(Course& c) {
  if (!c.trial || c.swept || clock.now() < c.awake_at + c.trial->gate().silence) return;
  c.swept = true;
  std::vector<std::pair<std::string_view, std::size_t>> absent;
  for (std::size_t i = 0; i < c.members.size(); ++i) {
    const Member& m = c.members[i];
    const auto* device = inventory.find(m.device);
    if (m.here && !c.away.contains(i) && device && !device->online)
      absent.emplace_back(m.device.text(), i);
  }
  std::sort(absent.begin(), absent.end());  // of both sides, in no side's favour
  for (const auto& [device, position] : absent) {
    if (!c.live()) return;
    saw(c, c.members[position], Stream::silence);
  }
}

Rollouts::Book::Pass Rollouts::Book::may_pass(Course& c) {
  if (!c.evidence_counts(c.wave)) return Pass::unmeasured;
  const auto verdict = c.verdict(clock.now());
  if (verdict.answer == Verdict::Answer::pass) return Pass::evidence;
  const Gate& gate = c.trial->gate();
  const Instant until = c.settled_at[c.wave] + c.waves[c.wave].wave.soak + gate.patience;
  if (c.resumed_at >= until) return Pass::consent;  // an operator knows, and went on
  if (clock.now() < until) {
    hold(c, true);
    return Pass::no;
  }
  if (gate.otherwise == Otherwise::pass) return Pass::patience;
  c.state = State::paused;
  c.reason = "wave " + std::to_string(c.wave + 1) + " has waited " + show(gate.patience) +
             " for evidence: " + verdict.words;
  write(record(c, ledger::system_actor("rollout"), "rollout.paused", {}, c.reason), c);
  hold(c, false);
  tell_progress(c);
  return Pass::no;
}

void Rollouts::Book::hold(Course& c, bool holding) {
  if (c.holding == holding) return;
  c.holding = holding;
  if (holding) tell_progress(c);
}

}  // namespace muster::rollout
