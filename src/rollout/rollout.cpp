#include "rollout/rollout.h"

#include <algorithm>

#include "rollout/internal/book.h"

namespace muster::rollout {
namespace {

constexpr std::size_t expiries_a_tick = 5'000;  // about 0.1 s of the domain's thread
constexpr std::size_t page_max = 10'000;
constexpr std::size_t reason_max = 1'000;  // octets

Result<void> check_reason(std::string_view why) {
  if (why.size() <= reason_max) return {};
  return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
}

std::unexpected<Error> not_now(const Course& c, std::string_view what) {
  return fail(Fault::conflict, "rollout " + std::to_string(c.id.number) + " is " +
                                   name_of(c.state) + "; it cannot be " + std::string(what));
}

std::vector<Target> targets_of(store::Rows rows) {
  std::vector<Target> out;
  while (rows.next()) {
    auto device = DeviceId::parse(rows.text(0));
    if (!device) throw store::Broken("a target in the store has no name");
    Target t{std::move(*device), static_cast<std::size_t>(rows.integer(1)),
             static_cast<Outcome>(rows.integer(2)), rows.text(3), std::nullopt};
    if (rows.integer(4) > 0) t.at = instant(rows.integer(4));
    out.push_back(std::move(t));
  }
  return out;
}

}  // namespace

const char* name_of(State s) {
  constexpr const char* names[] = {"running", "paused", "halted", "reverting", "done", "reverted"};
  return names[static_cast<std::size_t>(s)];
}

const char* name_of(WaveState s) {
  constexpr const char* names[] = {"waiting", "open", "soaking", "passed", "failed"};
  return names[static_cast<std::size_t>(s)];
}

const char* name_of(Outcome o) {
  constexpr const char* names[] = {"waiting", "offered",  "installed",
                                   "failed",  "reverted", "silent"};
  return names[static_cast<std::size_t>(o)];
}

Rollouts::Rollouts(std::unique_ptr<Book> book) : book_(std::move(book)) {}
Rollouts::Rollouts(Rollouts&&) noexcept = default;
Rollouts::~Rollouts() = default;

Result<Rollouts> Rollouts::open(store::Store& store, ledger::Ledger& ledger,
                                inventory::Inventory& inventory, release::Releases& releases,
                                const Clock& clock, Random& random) {
  auto book = std::make_unique<Book>(store, ledger, inventory, releases, clock, random);
  TRY_VOID(book->load());
  return Rollouts(std::move(book));
}

Result<void> Rollouts::pause(RolloutId id, ledger::Actor by, std::string why) {
  TRY(Course * c, book_->find(id));
  TRY_VOID(check_reason(why));
  if (c->state == State::paused) return {};
  if (c->state != State::running) return not_now(*c, "paused");
  c->state = State::paused;
  c->reason = why;
  book_->write(book_->record(*c, std::move(by), "rollout.paused", {}, std::move(why)), *c);
  book_->tell_progress(*c);
  return {};
}

Result<void> Rollouts::resume(RolloutId id, ledger::Actor by) {
  TRY(Course * c, book_->find(id));
  if (c->state == State::running) return {};
  if (c->state != State::paused) return not_now(*c, "resumed");
  c->state = State::running;
  c->reason.clear();
  c->resumed_at = book_->clock.now();
  book_->write(book_->record(*c, std::move(by), "rollout.resumed"), *c);
  for (std::size_t i = 0; i < c->members.size(); ++i) {
    const Member& m = c->members[i];
    if (m.outcome != Outcome::waiting || !c->opened(m)) continue;
    book_->await(*c, i);
    book_->tell_offer(m);
  }
  book_->tell_progress(*c);
  return {};
}

Result<void> Rollouts::halt(RolloutId id, ledger::Actor by, std::string why) {
  TRY(Course * c, book_->find(id));
  TRY_VOID(check_reason(why));
  if (!c->moving()) return not_now(*c, "halted");
  book_->halt(*c, std::move(by), std::move(why));
  return {};
}

Result<Progress> Rollouts::progress(RolloutId id) const {
  TRY(const Course* c, book_->find(id));
  return c->progress();
}

std::vector<Progress> Rollouts::list(std::size_t limit) const {
  std::vector<Progress> out;
  for (auto at = book_->courses.rbegin(); at != book_->courses.rend() && out.size() < limit; ++at)
    out.push_back(at->second.progress());
  return out;
}

Result<std::vector<Target>> Rollouts::targets(RolloutId id, std::optional<Outcome> outcome,
                                              std::string_view after, std::size_t limit) const {
  TRY(const Course* c, book_->find(id));
  const auto number = static_cast<std::int64_t>(c->id.number);
  const auto rows = static_cast<std::int64_t>(std::min(limit, page_max));
  if (outcome)
    return targets_of(book_->store.read(
        "SELECT device, wave, outcome, detail, since FROM rollout_target"
        " WHERE rollout = ? AND outcome = ? AND device > ? ORDER BY device LIMIT ?",
        {number, static_cast<std::int64_t>(*outcome), after, rows}));
  return targets_of(
      book_->store.read("SELECT device, wave, outcome, detail, since FROM rollout_target"
                        " WHERE rollout = ? AND device > ? ORDER BY device LIMIT ?",
                        {number, after, rows}));
}

// Expiries come in order of their deadlines, then of rollout and position: after a restart the same
// ones come in the same order.
void Rollouts::tick() {
  const Instant now = book_->clock.now();
  book_->notice_jump(now);
  auto& deadlines = book_->deadlines;
  for (std::size_t expired = 0; expired < expiries_a_tick && !deadlines.empty();) {
    const auto [at, id, position] = deadlines.top();
    if (at > now) break;
    deadlines.pop();
    Course& c = book_->courses.at(id);
    if (!c.live()) continue;
    Member& m = c.members[position];
    const auto actual = c.deadline(m);
    if (!actual) continue;
    if (*actual != at) {
      deadlines.emplace(*actual, id, position);
      continue;
    }
    book_->expire(c, m);
    ++expired;
  }
  for (const RolloutId id : std::set(book_->live)) book_->advance(book_->courses.at(id));
}

void Rollouts::on_offer(std::function<void(const DeviceId&)> listener) {
  book_->offer_listeners.push_back(std::move(listener));
}

void Rollouts::on_progress(std::function<void(RolloutId, std::string_view step)> listener) {
  book_->progress_listeners.push_back(std::move(listener));
}

Result<Course*> Rollouts::Book::find(RolloutId id) {
  const auto at = courses.find(id);
  if (at != courses.end()) return &at->second;
  return fail(Fault::missing, "there is no rollout " + std::to_string(id.number));
}

store::Writer& Rollouts::Book::record(const Course& c, ledger::Actor by, std::string action,
                                      wire::Json detail, std::string reason) {
  if (action.starts_with("rollout.")) untold.push_back(action);
  return ledger.record({std::move(by), std::move(action), "rollout/" + std::to_string(c.id.number),
                        std::move(detail), std::move(reason)});
}

store::Writer& Rollouts::Book::record(const Course& c, const Member& m, ledger::Actor by,
                                      std::string action, wire::Json detail, std::string reason) {
  detail.set("rollout", c.id.number);
  return ledger.record({std::move(by), std::move(action), "device/" + m.device.text(),
                        std::move(detail), std::move(reason)});
}

void Rollouts::Book::await(const Course& c, std::size_t position) {
  if (const auto at = c.deadline(c.members[position])) deadlines.emplace(*at, c.id, position);
}

void Rollouts::Book::tell_offer(const Member& m) const {
  for (const auto& listener : offer_listeners) listener(m.device);
}

void Rollouts::Book::tell_progress(const Course& c) {
  auto told = std::exchange(untold, {});
  if (told.empty()) told.emplace_back();
  for (const std::string& step : told)
    for (const auto& listener : progress_listeners) listener(c.id, step);
}

}  // namespace muster::rollout
