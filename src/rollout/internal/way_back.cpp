// Who goes back, to what, and who cannot.
#include <algorithm>

#include "rollout/internal/book.h"

namespace muster::rollout {
namespace {

constexpr std::size_t named_max = 10;

}  // namespace

// A release that we never had leads nowhere, whatever the device calls it.
std::uint32_t Rollouts::Book::origin_of(Course& c, const std::string& told) const {
  const std::string release = releases.find(told) ? told : "";
  for (std::uint32_t i = 0; i < c.origins.size(); ++i)
    if (c.origins[i].release == release) return i;
  c.origins.push_back({release, is_way(c, release)});
  return static_cast<std::uint32_t>(c.origins.size() - 1);
}

// There is none to the firmware of the factory, which nobody signed for us, nor below the floor of
// the release: the device itself would refuse.
bool Rollouts::Book::is_way(const Course& c, const std::string& release) const {
  const auto* from = releases.find(release);
  const auto* to = releases.find(c.plan.release);
  return from && to && from != to && from->metadata.model == to->metadata.model &&
         from->metadata.sequence >= to->metadata.floor;
}

std::string Rollouts::Book::named_stuck(const Course& c) const {
  std::string names;
  std::size_t count = 0;
  for (const Member& m : c.members) {
    if (!c.took(m) || c.goes_back(m)) continue;
    if (++count <= named_max) names += (count > 1 ? ", " : "") + m.device.text();
  }
  if (count == 0) return {};
  if (count > named_max) names += " and " + std::to_string(count - named_max) + " more";
  return "; without a way back, as they came from the factory or from below the floor: " + names;
}

void Rollouts::Book::halt(Course& c, ledger::Actor by, std::string why) {
  std::size_t going = 0;
  for (const Member& m : c.members) going += c.goes_back(m);
  c.reason = std::move(why) + named_stuck(c);
  c.turned_at = clock.now();
  auto& writer =
      record(c, std::move(by), "rollout.halted",
             wire::Json::object({{"wave", c.wave + 1}, {"going_back", going}}), c.reason);
  if (c.waves[c.wave].state != WaveState::passed) {
    c.waves[c.wave].state = WaveState::failed;
    write_wave(writer, c, c.wave);
  }
  if (going == 0) {
    finish(writer, c, State::halted);
    return;
  }
  c.state = State::reverting;
  c.unsettled = c.back_going = going;
  c.holding = false;
  c.back_wave = c.back_until = c.back_open = c.back_failed = 0;
  record(c, ledger::system_actor("rollout"), "rollout.reverting",
         wire::Json::object({{"going_back", going}}));
  open_back(writer, c);
  for (const Member& m : c.members)  // who has not installed it yet loses the offer now
    if (c.took(m)) tell_offer(m);
  tell_progress(c);
}

// So far that its share of those who go back may be told.
void Rollouts::Book::open_back(store::Writer& writer, Course& c) {
  const auto& shares = c.plan.way_back.shares;
  const auto share = static_cast<std::size_t>(shares[std::min(c.back_wave, shares.size() - 1)]);
  const std::size_t goal = std::max<std::size_t>(1, c.back_going * share / 1000);
  const std::size_t before = c.back_until, done = c.back_going - c.unsettled;
  std::size_t upto = before, reached = done;
  ++c.back_wave;
  if (c.back_wave >= shares.size())
    upto = c.members.size();
  else
    for (; upto < c.members.size() && reached < goal; ++upto)
      reached += c.is_unsettled(c.members[upto]);
  c.turned_at = clock.now();
  c.open_back(upto);
  write(writer, c);
  for (std::size_t i = before; i < upto; ++i) await(c, i);
  if (before > 0 && !c.plan.way_back.per_minute)
    for (std::size_t i = before; i < upto; ++i)
      if (c.is_due(c.members[i])) tell_offer(c.members[i]);
}

void Rollouts::Book::advance_back(Course& c) {
  const auto tolerance = static_cast<std::size_t>(c.plan.waves[0].tolerance_permille);
  while (c.live() && c.state == State::reverting) {
    if (c.unsettled == 0) {
      auto& writer = record(c, ledger::system_actor("rollout"), "rollout.reverted");
      return finish(writer, c, State::reverted);
    }
    if (c.back_open > 0 || c.back_held || c.back_until == c.members.size()) return;
    const std::size_t done = c.back_going - c.unsettled;
    if (c.back_failed * 1000 > done * tolerance) {
      c.back_held = true;
      c.reason += "; the way back is held: " + std::to_string(c.back_failed) + " of " +
                  std::to_string(done) + " devices did not come back by it";
      write(record(c, ledger::system_actor("rollout"), "rollout.back_held", {}, c.reason), c);
      return tell_progress(c);
    }
    auto& writer = record(c, ledger::system_actor("rollout"), "rollout.back_opened",
                          wire::Json::object({{"wave", c.back_wave + 1}}));
    open_back(writer, c);
    tell_progress(c);
  }
}

}  // namespace muster::rollout
