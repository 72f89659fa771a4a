// Who is a target, and in what order: drawn by lot, so that a wave of canaries is not one batch of
// one maker behind one uplink.
#include <numeric>

#include "rollout/internal/book.h"
#include "rollout/internal/plan.h"

namespace muster::rollout {
namespace {

constexpr std::size_t left_out_max = 1'000;

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  SeededRandom lot(seed);
  for (std::size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(lot.below(i))]);
  return order;
}

std::string hex_of(std::uint64_t seed) {
  Bytes octets;
  for (int shift = 56; shift >= 0; shift -= 8)
    octets.push_back(static_cast<std::uint8_t>(seed >> shift));
  return to_hex(octets);
}

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

std::vector<WaveProgress> waves_of(const Plan& plan, std::size_t targets) {
  std::vector<WaveProgress> out;
  for (const std::size_t size : wave_sizes(plan.waves, targets)) {
    WaveProgress w;
    w.wave = plan.waves[out.size()];
    w.targets = size;
    out.push_back(w);
  }
  return out;
}

}  // namespace

// Completes "meter-7 …"; empty when nothing speaks against it.
std::string Rollouts::Book::why_not(const Plan& plan, const release::Release& release,
                                    const inventory::Device& d) const {
  using inventory::Lifecycle;
  if (d.model != release.metadata.model)
    return "is of model " + d.model.text() + "; the release is for " +
           release.metadata.model.text();
  if (inventory::is_leaving(d.state)) return std::string("is ") + name_of(d.state);
  if (d.state == Lifecycle::expected) return "has not enrolled yet";
  if (d.state == Lifecycle::quarantined && !plan.quarantined) return "is in quarantine";
  if (d.release_id == release.id) return "runs it already";
  const auto* runs = releases.find(d.release_id);
  if (runs && runs->metadata.sequence > release.metadata.sequence)
    return "runs " + runs->metadata.version + ", which is newer";
  return {};
}

Result<Chosen> Rollouts::Book::choose(const Plan& plan) const {
  TRY_VOID(check_plan(plan));
  const auto* release = releases.find(plan.release);
  if (!release)
    return fail(Fault::missing, "there is no release " + plan.release + "; publish it first",
                "/release");
  Chosen out;
  for (auto& id : inventory.select(plan.selector)) {
    if (auto why = why_not(plan, *release, *inventory.find(id)); !why.empty()) {
      if (out.left_out.size() < left_out_max) out.left_out.emplace_back(std::move(id), why);
      continue;
    }
    if (const auto at = places.find(id.text()); at != places.end() && at->second.course->live())
      return fail(Fault::conflict,
                  "device " + id.text() + " is in rollout " +
                      std::to_string(at->second.course->id.number) + ", which is " +
                      name_of(at->second.course->state) +
                      "; halt that one, wait for it, or select other devices",
                  "/selector");
    out.targets.push_back(std::move(id));
  }
  return out;
}

Course& Rollouts::Book::new_course(Plan plan, const std::vector<DeviceId>& targets) {
  Course c;
  c.id.number = courses.empty() ? 1 : courses.rbegin()->first.number + 1;
  c.seed = random.next();
  c.started_at = clock.now();
  c.waves = waves_of(plan, targets.size());
  c.settled_at.resize(c.waves.size());
  c.plan = std::move(plan);
  const auto origin = origin_of(c, "");
  c.members.reserve(targets.size());
  std::size_t wave = 0, wave_end = c.waves[0].targets;
  for (const std::size_t i : shuffled(targets.size(), c.seed)) {
    while (c.members.size() == wave_end) wave_end += c.waves[++wave].targets;
    Member m;
    m.device = targets[i];
    m.wave = static_cast<std::uint8_t>(wave);
    m.origin = origin;
    c.count(m);
    c.members.push_back(std::move(m));
  }
  const auto id = c.id;
  return courses.emplace(id, std::move(c)).first->second;
}

// A device that was late on its way back has new orders now.
void Rollouts::Book::take_over(store::Writer& writer, const Course& c) {
  for (const Member& m : c.members) {
    const auto at = places.find(m.device.text());
    if (at == places.end()) continue;
    at->second.member().leg = Leg::over;
    writer.write("UPDATE rollout_target SET leg = ? WHERE rollout = ? AND device = ?",
                 {static_cast<std::int64_t>(Leg::over),
                  static_cast<std::int64_t>(at->second.course->id.number), m.device.text()});
    places.erase(at);
  }
}

Result<Preview> Rollouts::preview(const Plan& plan) const {
  TRY(auto chosen, book_->choose(plan));
  return Preview{wave_sizes(plan.waves, chosen.targets.size()), std::move(chosen.left_out),
                 chosen.targets.size()};
}

Result<RolloutId> Rollouts::start(Plan plan, ledger::Actor by) {
  if (plan.selector.text().empty()) plan.selector = inventory::Selector::everything();
  TRY(const auto chosen, book_->choose(plan));
  TRY_VOID(need_targets(chosen));

  Course& c = book_->new_course(std::move(plan), chosen.targets);
  auto detail = to_json(c.plan);
  detail.set("targets", c.members.size()).set("seed", hex_of(c.seed));
  auto& writer = book_->record(c, std::move(by), "rollout.started", std::move(detail));
  book_->insert(writer, c);
  book_->take_over(writer, c);
  book_->places.reserve(book_->places.size() + c.members.size());
  for (std::size_t i = 0; i < c.members.size(); ++i)
    book_->places.insert_or_assign(c.members[i].device.text(), Place{&c, i});
  for (const auto& device : chosen.targets) {  // in order of the table's key
    const auto& place = book_->places.at(device.text());
    writer.write("INSERT INTO rollout_target(rollout, device, position, wave) VALUES(?,?,?,?)",
                 {static_cast<std::int64_t>(c.id.number), device.text(),
                  static_cast<std::int64_t>(place.position), std::int64_t{place.member().wave}});
  }
  book_->live.insert(c.id);
  book_->open_wave(c, 0);
  return c.id;
}

}  // namespace muster::rollout
