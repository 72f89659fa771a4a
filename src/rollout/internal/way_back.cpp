// Who goes back, to what, and who cannot.
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
  c.unsettled = going;
  record(c, ledger::system_actor("rollout"), "rollout.reverting",
         wire::Json::object({{"going_back", going}}));
  write(writer, c);
  for (std::size_t i = 0; i < c.members.size(); ++i) {
    await(c, i);
    if (c.took(c.members[i])) tell_offer(c.members[i]);
  }
  tell_progress(c);
}

}  // namespace muster::rollout
