#include "desk/desk.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "desk/acting.h"
#include "desk/answers.h"
#include "desk/attesting.h"
#include "desk/digesting.h"
#include "desk/evidence.h"
#include "desk/issuing.h"
#include "desk/retiring.h"
#include "desk/rolling.h"
#include "desk/status.h"

namespace muster::desk {
namespace {

constexpr std::size_t batch_max =
    1'000;  // questions a turn: bounds how long the first one waits for the last
constexpr Duration doze = 250ms;                // how long what is not urgent may lie
constexpr std::uint64_t reconciled_every = 60;  // ticks
constexpr std::uint64_t asked_every = 5;        // ticks
constexpr std::size_t offers_a_turn = 500;  // signed and pushed a turn; the rest waits for the next

}  // namespace

struct Desk::Floor {
  Floor(Desk& desk, Domain& d, signer::Issuer& issuer, const Clock& c)
      : domain(d),
        clock(c),
        answers(d),
        issuing(desk, issuer),
        status(desk, issuer, c),
        rolling(desk, issuer),
        digesting(desk) {}

  Domain& domain;
  const Clock& clock;
  Answers answers;
  Issuing issuing;
  Status status;
  Rolling rolling;
  Digesting digesting;
  std::vector<link::Gate*> gates;
  std::function<void(const News&)> watch_news;
  std::function<void(const inventory::Device&)> watch_state;

  // what the running turn will tell
  std::vector<link::Push> pushes;
  News news;
  std::vector<DeviceId> changed;
  std::vector<identity::Suspicion> suspicions;  // of the running turn, for the response
  std::deque<DeviceId> offers;  // devices whose answer to "what should I run" is new

  std::mutex mutex;  // guards those below; the only lock of the domain's thread
  std::condition_variable wake;
  std::vector<Work> queue;
  bool stopping = false, ended = false;
  bool asleep = false;  // whoever has something urgent wakes the thread, once

  std::vector<Work> taken;  // left over from a queue longer than a batch
  std::size_t next = 0;
  std::int64_t ticked_ns = 0;
  bool ticked = false;
  std::uint64_t ticks = 0;
  std::atomic<std::uint64_t> turns{0}, questions{0}, longest{0};

  template <class Q>
  void route(Desk&, Q question, link::Answered);
  void listen();
  void push_offers();
  void respond();
  void tell(Turn&, bool durable);
  bool refill();
  void take_batch(Turn&);
  void give_up(Turn&);
  void end();
};

// What needs the signer goes by it; the rest is answered in one turn.
template <class Q>
void Desk::Floor::route(Desk& desk, Q question, link::Answered answered) {
  if constexpr (std::is_same_v<Q, link::Enrol>) {
    issuing.enrol(std::move(question), std::move(answered));
  } else if constexpr (std::is_same_v<Q, link::Renew>) {
    issuing.renew(std::move(question), std::move(answered));
  } else if constexpr (std::is_same_v<Q, link::AttestEnrol>) {
    issuing.attest(std::move(question), std::move(answered));
  } else if constexpr (std::is_same_v<Q, link::GetCrl>) {
    issuing.crl(question, std::move(answered));
  } else if constexpr (std::is_same_v<Q, link::GetStatus>) {
    status.ask(std::move(question), std::move(answered));
  } else if constexpr (requires(Domain& d) { answer(d, question); }) {
    desk.post([question = std::move(question), answered = std::move(answered)](Turn& turn) mutable {
      turn.take<link::Reply>([&](Domain& d) { return answer(d, question); }, std::move(answered));
    });
  } else {
    // Nobody waits for the answer to a presence: it is looked at with the next question, or after a
    // doze. In a storm of reconnections that spares a switch of threads for each device.
    desk.post(
        [this, question = std::move(question), answered = std::move(answered)](Turn& turn) mutable {
          turn.take<link::Reply>([&](Domain&) { return answers.answer(question); },
                                 std::move(answered));
        },
        !std::is_same_v<Q, link::Presence>);
  }
}

void Desk::Floor::listen() {
  news.ledger_from = news.ledger_to = domain.ledger.size();
  domain.inventory.on_change([this](const inventory::Device& device, inventory::Change change) {
    using inventory::Change;
    if (change == Change::presence)
      news.presence.push_back({device.id, device.online, clock.now()});
    if (change == Change::desired_changed)
      pushes.push_back(link::Tell{device.id, link::Channel::desired, Answers::desired_of(device)});
    if (change != Change::state_changed) return;
    changed.push_back(device.id);
    if (inventory::is_leaving(device.state))
      pushes.push_back(link::CutDevice{device.id, name_of(device.state)});
  });
  domain.identity.on_cut(
      [this](const std::string& serial) { pushes.push_back(link::Cut{serial}); });
  domain.identity.on_suspicion(
      [this](const identity::Suspicion& suspicion) { suspicions.push_back(suspicion); });
  domain.segment.on_isolated([this](const DeviceId& device, segment::Level) {
    pushes.push_back(link::CutDevice{device, "isolated"});
  });
  follow_verdicts(domain);
  follow_releases(domain);
  follow_evidence(domain);
  domain.rollouts.on_offer([this](const DeviceId& device) { offers.push_back(device); });
  domain.rollouts.on_progress(
      [this](rollout::RolloutId id, std::string_view) { news.rollouts.insert(id.number); });
  domain.retirements.on_progress([this](std::uint64_t id) { news.retirements.insert(id); });
  domain.response.on_incident([this](const response::Incident& incident) {
    news.incidents.push_back({incident.id.number, incident.device, incident.open});
  });
}

// Answers for the devices that are here; the others ask when they come.
void Desk::Floor::push_offers() {
  for (std::size_t n = 0; n < offers_a_turn && !offers.empty(); ++n) {
    DeviceId id = std::move(offers.front());
    offers.pop_front();
    const auto* device = domain.inventory.find(id);
    if (!device || !device->online) continue;
    if (auto payload = answers.update_for(id))
      pushes.push_back(link::Tell{std::move(id), link::Channel::updates, std::move(*payload)});
    else
      log::error("desk", "an offer could not be made",
                 {{"device", id.text()}, {"why", payload.error().message}});
  }
}

void Desk::Floor::tell(Turn& turn, bool durable) {
  const auto now_pushes =
      std::make_shared<const std::vector<link::Push>>(std::exchange(pushes, {}));
  auto now_news = std::exchange(news, {});
  auto now_changed = std::exchange(changed, {});
  now_news.ledger_to = news.ledger_from = news.ledger_to = domain.ledger.size();
  if (durable && !now_pushes->empty())
    for (link::Gate* gate : gates)
      gate->push(now_pushes);  // before the answers: who is told "isolated" finds it so
  for (auto& told : turn.told) told(durable);
  if (!durable) return;
  const bool beat = std::exchange(ticked, false);
  if (watch_news && (beat || !now_news.empty())) watch_news(now_news);
  if (watch_state)
    for (const DeviceId& id : now_changed)
      if (const auto* device = domain.inventory.find(id)) watch_state(*device);
}

bool Desk::Floor::refill() {
  if (next < taken.size()) return true;
  taken.clear();
  next = 0;
  std::lock_guard lock(mutex);
  taken.swap(queue);
  return !taken.empty();
}

// After the questions, so that what is done about a suspicion does not happen inside the command
// that raised it; in the same transaction.
void Desk::Floor::respond() {
  for (const auto& each : std::exchange(suspicions, {}))
    domain.response.found({.device = each.device,
                           .feature = each.kind,
                           .metric = {},
                           .severity = watch::Severity::high,
                           .at = each.at,
                           .words = each.words});
}

// Runs what is asked up to a batch's size, and commits.
void Desk::Floor::take_batch(Turn& turn) {
  while (!turn.broken && turn.told.size() < batch_max && refill()) taken[next++](turn);
  if (turn.broken) return;
  respond();
  push_offers();
  if (!domain.store.in_transaction()) return;
  domain.ledger.seal();
  domain.store.commit();
}

// After the store broke: whoever waits is told, whether their question was reached or not.
void Desk::Floor::give_up(Turn& turn) {
  domain.store.rollback();
  while (refill()) taken[next++](turn);
  tell(turn, false);
}

// From here on questions are answered where they are asked.
void Desk::Floor::end() {
  {
    std::lock_guard lock(mutex);
    ended = true;
  }
  Turn rest{domain, store::Broken("the desk has ended")};
  while (refill()) taken[next++](rest);
  tell(rest, false);
}

Desk::Desk(Domain& domain, signer::Issuer& issuer, const Clock& clock)
    : floor_(std::make_unique<Floor>(*this, domain, issuer, clock)) {
  floor_->listen();
}
Desk::~Desk() = default;

void Desk::attach(link::Gate& gate) {
  floor_->gates.push_back(&gate);
}
void Desk::on_news(std::function<void(const News&)> f) {
  floor_->watch_news = std::move(f);
}
void Desk::on_state_changed(std::function<void(const inventory::Device&)> f) {
  floor_->watch_state = std::move(f);
}

std::unexpected<Error> Desk::unavailable() {
  return fail(Fault::unavailable, "the controller is stopping; ask again");
}

void Desk::post(Work work, bool urgent) {
  std::unique_lock lock(floor_->mutex);
  if (!floor_->ended) {
    floor_->queue.push_back(std::move(work));
    const bool wake = urgent && std::exchange(floor_->asleep, false);
    lock.unlock();
    if (wake) floor_->wake.notify_one();
    return;
  }
  lock.unlock();
  Turn refused{floor_->domain, store::Broken("the desk has ended")};
  work(refused);
  for (auto& told : refused.told) told(false);
}

void Desk::tell(std::string what, std::move_only_function<Result<void>(Domain&)> news) {
  ask<void>(std::move(news), [what = std::move(what)](const Result<void>& done) {
    if (!done) log::warning("desk", what + " was not taken", {{"why", done.error().message}});
  });
}

void Desk::ask(link::Request request, link::Answered answered) {
  std::visit(
      [&](auto& question) { floor_->route(*this, std::move(question), std::move(answered)); },
      request);
}

std::size_t Desk::drain() {
  Turn turn{floor_->domain};
  try {
    floor_->take_batch(turn);
  } catch (const store::Broken& why) {
    turn.broken = why;
  }
  if (turn.broken) {
    floor_->give_up(turn);
    throw store::Broken(*turn.broken);
  }
  const std::size_t count = turn.told.size();
  floor_->tell(turn, true);
  if (count) {
    ++floor_->turns;
    floor_->questions += count;
    floor_->longest = std::max<std::uint64_t>(floor_->longest, count);
  }
  return count;
}

void Desk::tick() {
  floor_->domain.inventory.save_contacts();
  floor_->domain.rollouts.tick();
  floor_->domain.retirements.tick();
  if (floor_->ticks++ % reconciled_every == 0) floor_->issuing.reconcile(floor_->domain.identity);
  floor_->rolling.step(floor_->domain);
  if (floor_->ticks % reconciled_every == 1)
    if (const auto renewed = floor_->domain.releases.renew_metadata(); !renewed)
      log::warning("desk", "the repository's metadata was not signed anew",
                   {{"why", renewed.error().message}});
  floor_->digesting.step(floor_->domain);
  if (floor_->ticks % asked_every == 0)
    for (auto* due : {evidence_due, rollover_due})
      for (auto& push : due(floor_->domain)) floor_->pushes.push_back(std::move(push));
  floor_->ticked = true;
}

Result<void> Desk::run() {
  Result<void> out;
  try {
    for (;;) {
      if (monotonic_ns() - floor_->ticked_ns >= 1'000'000'000) {
        floor_->ticked_ns = monotonic_ns();
        tick();
      }
      bool busy = drain() > 0 || !floor_->offers.empty();
      std::unique_lock lock(floor_->mutex);
      if (floor_->stopping && floor_->queue.empty() && floor_->next >= floor_->taken.size()) break;
      if (busy || !floor_->queue.empty()) continue;
      floor_->asleep = true;
      floor_->wake.wait_for(lock, doze);
      floor_->asleep = false;
    }
    floor_->domain.inventory.save_contacts();
    drain();
  } catch (const store::Broken& broken) {
    floor_->domain.store.rollback();
    out = fail(Fault::unavailable, std::string("the store broke: ") + broken.what());
  }
  floor_->end();
  return out;
}

void Desk::stop() {
  {
    std::lock_guard lock(floor_->mutex);
    floor_->stopping = true;
  }
  floor_->wake.notify_one();
}

Desk::Load Desk::load() const {
  return {floor_->turns.load(), floor_->questions.load(), floor_->longest.load()};
}

}  // namespace muster::desk
