// Who leaves a rollout for an emergency patch, and who joins one that follows its selector.
#include "rollout/internal/book.h"

namespace muster::rollout {

// Each is let go with an entry of its own, and its rollout goes on without it.
void Rollouts::Book::overtake(const Course& by, const Chosen& chosen) {
  std::set<std::pair<RolloutId, std::size_t>> waves;
  for (const auto& [device, id] : chosen.overtaken) {
    const auto at = places.find(device.text());
    Course& c = *at->second.course;
    Member& m = at->second.member();
    const std::string why = "taken over by rollout " + std::to_string(by.id.number);
    auto& writer = record(c, m, ledger::system_actor("rollout"), "target.overtaken",
                          wire::Json::object({{"by", by.id.number}}));
    places.erase(at);
    c.away.erase(c.position_of(m));
    c.change(m, [&] {
      m.outcome = Outcome::overtaken;
      m.leg = Leg::over;
      m.since = clock.now();
    });
    write_member(writer, c, m, why);
    waves.emplace(c.id, m.wave);
  }
  for (const auto& [id, wave] : waves) {
    Course& c = courses.at(id);
    tell_progress(c);
    if (!c.live()) continue;
    if (c.moving()) {
      if (c.opened_wave(wave)) judge(ledger.observe(), c, wave);
    } else {
      advance_back(c);
    }
  }
}

void Rollouts::Book::follow(const inventory::Device& d) {
  if (const auto at = places.find(d.id.text()); at != places.end()) {
    Course& c = *at->second.course;
    Member& m = at->second.member();
    if (c.live() && !c.plan.limits.sites.empty() && m.outcome != Outcome::overtaken)
      if (const auto site = c.site_of(d); site != m.site) c.change(m, [&] { m.site = site; });
    if (c.live()) return;
  }
  for (const RolloutId id : live) {
    Course& c = courses.at(id);
    if (!c.plan.follow || !c.moving() || !c.plan.selector.matches(d)) continue;
    const auto* release = releases.find(c.plan.release);
    if (!release || !why_not(c.plan, *release, d).empty()) continue;
    return join(c, d);
  }
}

// At the end: the last wave is of everybody. It has taken part in no draw, so it is no evidence.
void Rollouts::Book::join(Course& c, const inventory::Device& d) {
  const std::size_t wave = c.waves.size() - 1;
  const bool moves = c.members.size() == c.members.capacity();
  if (moves)  // the keys lie in the members
    for (std::size_t i = 0; i < c.members.size(); ++i)
      if (c.members[i].outcome != Outcome::overtaken) places.erase(c.members[i].device.text());
  Member m;
  m.device = d.id;
  m.wave = static_cast<std::uint8_t>(wave);
  m.site = c.site_of(d);
  m.seen = 0x3f;
  c.members.push_back(std::move(m));
  const std::size_t at = c.members.size() - 1;
  if (moves)
    for (std::size_t i = 0; i < at; ++i)
      if (c.members[i].outcome != Outcome::overtaken) enter(c, i);
  auto& writer = record(c, c.members[at], ledger::system_actor("rollout"), "target.joined",
                        wire::Json::object({{"wave", wave + 1}}));
  if (const auto late = places.find(d.id.text()); late != places.end()) {
    late->second.member().leg = Leg::over;
    writer.write("UPDATE rollout_target SET leg = ? WHERE rollout = ? AND device = ?",
                 {static_cast<std::int64_t>(Leg::over),
                  static_cast<std::int64_t>(late->second.course->id.number), d.id.text()});
  }
  enter(c, at);
  ++c.waves[wave].targets;
  c.count(c.members[at]);
  writer.write(
      "INSERT INTO rollout_target(rollout, device, position, wave, seen) VALUES(?,?,?,?,?)",
      {static_cast<std::int64_t>(c.id.number), d.id.text(), static_cast<std::int64_t>(at),
       static_cast<std::int64_t>(wave), std::int64_t{0x3f}});
  writer.write("UPDATE rollout_wave SET targets = ? WHERE rollout = ? AND wave = ?",
               {static_cast<std::int64_t>(c.waves[wave].targets),
                static_cast<std::int64_t>(c.id.number), static_cast<std::int64_t>(wave)});
  if (c.opened_wave(wave)) {
    c.members[at].since = clock.now();  // it has as long as if its wave had opened now
    write_member(writer, c, c.members[at], "");
    await(c, at);
    tell_offer(c.members[at]);
    judge(writer, c, wave);
  }
  tell_progress(c);
}

}  // namespace muster::rollout
