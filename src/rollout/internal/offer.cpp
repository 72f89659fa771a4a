// What a device should run, and what it says became of that.
#include "rollout/internal/book.h"

namespace muster::rollout {
namespace {

constexpr std::size_t detail_max = 1'024;

// Of what is heard about the release, only what lies ahead counts: an old word that comes again
// changes nothing.
int rank(Outcome o) {
  switch (o) {
    case Outcome::installed:
      return 1;
    case Outcome::failed:
      return 2;
    case Outcome::reverted:
      return 3;
    default:
      return 0;
  }
}

Result<void> check_report(Outcome outcome, std::string_view detail) {
  if (rank(outcome) == 0)
    return fail(Fault::invalid, "a device reports installed, failed or reverted", "/outcome");
  if (detail.size() > detail_max) return fail(Fault::invalid, "has at most 1024 octets", "/detail");
  return {};
}

std::string version_of(const release::Releases& releases, const std::string& id) {
  const auto* release = releases.find(id);
  return release ? release->metadata.version : id;
}

bool pending(const Course& c, const Member& m) {
  return c.opened(m) && (m.outcome == Outcome::waiting || m.outcome == Outcome::offered ||
                         m.outcome == Outcome::silent);
}

bool is_gone(const inventory::Device* device) {
  return device && inventory::is_leaving(device->state);
}

bool returning(const Course& c, const Member& m) {
  return c.is_due(m) || m.leg == Leg::back || m.leg == Leg::late;
}

}  // namespace

std::optional<Decision> Rollouts::offer(const DeviceId& device) {
  const auto at = book_->places.find(device.text());
  if (at == book_->places.end()) return std::nullopt;
  const auto* known = book_->inventory.find(device);
  if (is_gone(known)) return std::nullopt;
  Course& c = *at->second.course;
  return c.moving() ? book_->decide(c, at->second.member(), known)
                    : book_->decide_back(c, at->second.member());
}

std::optional<Decision> Rollouts::offered(const DeviceId& device) const {
  const auto at = book_->places.find(device.text());
  if (at == book_->places.end() || is_gone(book_->inventory.find(device))) return std::nullopt;
  const Course& c = *at->second.course;
  const Member& m = at->second.member();
  if (c.moving() && pending(c, m) && m.number > 0) return Decision{c.plan.release, m.number, false};
  if (!c.moving() && returning(c, m) && m.back_number > 0)
    return Decision{c.origins[m.origin].release, m.back_number, true};
  return std::nullopt;
}

std::optional<Decision> Rollouts::Book::decide(Course& c, Member& m,
                                               const inventory::Device* device) {
  using inventory::Lifecycle;
  if (!pending(c, m)) return std::nullopt;
  if (m.number == 0) {
    const bool kept_away =
        !device || (device->state == Lifecycle::quarantined && !c.plan.quarantined);
    if (c.state == State::paused || kept_away) return std::nullopt;
    make_offer(c, m, *device);
  }
  return Decision{c.plan.release, m.number, false};
}

std::optional<Decision> Rollouts::Book::decide_back(Course& c, Member& m) {
  if (!returning(c, m)) return std::nullopt;
  if (m.back_number == 0) make_back_offer(c, m);
  return Decision{c.origins[m.origin].release, m.back_number, true};
}

void Rollouts::Book::make_offer(Course& c, Member& m, const inventory::Device& device) {
  const auto origin = origin_of(c, device.release_id);
  auto& writer =
      record(c, m, ledger::system_actor("rollout"), "offer.made",
             wire::Json::object(
                 {{"release", c.plan.release}, {"from", device.release_id}, {"back", false}}));
  c.change(m, [&] {
    m.number = ledger.size();
    m.origin = origin;
    m.outcome = Outcome::offered;
    m.since = clock.now();
  });
  write_member(writer, c, m, "");
  await(c, c.position_of(m));
  judge(writer, c, m.wave);
  tell_progress(c);
}

void Rollouts::Book::make_back_offer(Course& c, Member& m) {
  const auto& release = c.origins[m.origin].release;
  auto& writer =
      record(c, m, ledger::system_actor("rollout"), "offer.made",
             wire::Json::object({{"release", release}, {"from", c.plan.release}, {"back", true}}));
  c.change(m, [&] {
    m.back_number = ledger.size();
    if (c.live()) m.leg = Leg::back;
    m.since = clock.now();
  });
  write_member(writer, c, m, "");
  if (c.live()) await(c, c.position_of(m));
  tell_progress(c);
}

Result<void> Rollouts::report(const DeviceId& device, std::string_view release, Outcome outcome,
                              std::string detail) {
  TRY_VOID(check_report(outcome, detail));
  const std::string id(release);
  if (!book_->releases.find(id))
    return fail(Fault::missing, "there is no such release; the report is not counted",
                "/release_id");
  const auto at = book_->places.find(device.text());
  if (at != book_->places.end()) {
    Course& c = *at->second.course;
    Member& m = at->second.member();
    const bool out = m.number > 0 && c.plan.release == id;
    const bool back = m.back_number > 0 && c.origins[m.origin].release == id;
    if (out || back) return book_->hear(c, m, id, outcome, std::move(detail));
  }
  if (auto ended = book_->ended_member(device, id))
    return book_->hear(*ended->first, ended->second, id, outcome, std::move(detail));
  return fail(Fault::conflict,
              "release " + version_of(book_->releases, id) + " has not been offered to " +
                  device.text() + "; the report is not counted",
              "/release_id");
}

Result<void> Rollouts::Book::hear(Course& c, Member& m, const std::string& release, Outcome outcome,
                                  std::string detail) {
  if (m.leg == Leg::over) return {};
  if (release == c.plan.release) {
    if (rank(outcome) > rank(m.outcome)) hear_out(c, m, outcome, detail);
  } else {
    hear_back(c, m, outcome, std::move(detail));
  }
  return {};
}

void Rollouts::Book::hear_out(Course& c, Member& m, Outcome outcome, std::string_view detail) {
  c.change(m, [&] {
    m.outcome = outcome;
    m.sick = outcome != Outcome::installed;
    if (m.leg == Leg::out)
      m.since = clock.now();
    else if (m.sick)
      m.leg = Leg::over;
  });
  auto& writer =
      record(c, m, ledger::device_actor(m.device.text()), std::string("update.") + name_of(outcome),
             wire::Json::object({{"release", c.plan.release}}), std::string(detail));
  write_member(writer, c, m, detail);
  settle(writer, c, m);
}

void Rollouts::Book::hear_back(Course& c, Member& m, Outcome outcome, std::string detail) {
  const bool is_back = outcome == Outcome::installed;
  if (!is_back) detail = "the way back failed: " + detail;
  const Outcome now = is_back ? Outcome::reverted : Outcome::failed;
  c.change(m, [&] {
    m.outcome = now;
    m.sick = m.sick || !is_back;
    m.leg = Leg::over;
    m.since = clock.now();
  });
  auto& writer = record(
      c, m, ledger::device_actor(m.device.text()), std::string("update.") + name_of(now),
      wire::Json::object({{"release", c.origins[m.origin].release}, {"back", true}}), detail);
  write_member(writer, c, m, detail);
  settle(writer, c, m);
}

// When the rollout ends by this, the member is gone afterwards.
void Rollouts::Book::settle(store::Writer& writer, Course& c, const Member& m) {
  const std::size_t wave = m.wave;
  if (rank(m.outcome) > 0) tell_offer(m);
  tell_progress(c);
  if (!c.live()) {
    write_wave(writer, c, wave);
  } else if (c.moving()) {
    judge(writer, c, wave);
  } else if (c.unsettled == 0) {
    record(c, ledger::system_actor("rollout"), "rollout.reverted");
    finish(writer, c, State::reverted);
  }
}

}  // namespace muster::rollout
