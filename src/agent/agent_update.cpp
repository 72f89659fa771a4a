// What drives the updater: offers, the slots, the trial.
#include <algorithm>

#include "agent/internal/command.h"
#include "agent/internal/life.h"
#include "base/log.h"

namespace muster::agent {

net::Task<void> Agent::Life::keep_updated() {
  Backoff wait(settings.pace.retry_first, settings.pace.retry_max, random);
  while (!over()) {
    const auto done = co_await step();
    if (over()) break;
    if (done) {
      wait.reset();
      continue;
    }
    log_failure("the update waits", done.error());
    co_await update_bell.wait(wait.next());
  }
}

net::Task<Result<void>> Agent::Life::step() {
  const Phase phase = updater.phase();
  const bool on_trial = phase == Phase::activated || phase == Phase::returning;
  if (offer_news && !on_trial) {
    CO_TRY_VOID(co_await vouch());
    co_return consider();
  }
  switch (phase) {
    case Phase::idle:
      co_await update_bell.wait(1h);
      co_return Result<void>{};
    case Phase::downloading:
      co_return co_await download();
    case Phase::verified:
      co_return co_await install();
    case Phase::staged:
      contact_made = false;
      co_return updater.activate();
    case Phase::activated:
      co_return co_await trial();
    case Phase::returning:
      co_return co_await go_home();
  }
  co_return Result<void>{};
}

Result<void> Agent::Life::consider() {
  if (!offer_news) return {};  // it was refused
  offer_news = false;
  if (!offer) return updater.withdraw();
  const wire::Offer considered = std::move(*offer);
  offer.reset();
  const auto taken = updater.take(considered);
  if (!taken) {
    log_failure("an offer is not taken", taken.error());
    return {};
  }
  if (*taken == Taken::started)
    log::info("agent", "updating",
              {{"device", settings.id.text()}, {"to", updater.record().underway->release.version}});
  if (*taken == Taken::refused)
    log::warning("agent", "an offer is refused",
                 {{"device", settings.id.text()}, {"why", updater.reports().back().detail}});
  if (*taken != Taken::known) {
    pump();
    line_bell.ring();
  }
  return {};
}

net::Task<Result<void>> Agent::Life::install() {
  auto installed = co_await course.install();
  if (updater.phase() == Phase::idle) {  // it will not go in, and a report says why
    pump();
    line_bell.ring();
  }
  co_return installed;
}

net::Task<Result<void>> Agent::Life::go_home() {
  CO_TRY(const auto switched, co_await course.go_home());
  if (switched == Switched::restarts) {
    co_await update_bell.wait(settings.pace.contact_within);
    co_return Result<void>{};
  }
  log::warning("agent", "went back",
               {{"device", settings.id.text()}, {"to", updater.running().firmware}});
  state_news = true;
  pump();
  line_bell.ring();  // on the update path, a visit tells it
  co_return Result<void>{};
}

net::Task<Result<void>> Agent::Life::check_health() {
  if (updater.record().underway && faults.fails(updater.record().underway->release.version))
    co_return fail(Fault::unavailable, "the health check failed");
  if (auto well = co_await course.check(); !well)
    co_return fail(Fault::unavailable, "the health check failed: " + well.error().message);
  if (settings.health_command.empty()) co_return updater.check_slot();
  auto healthy_now =
      co_await run_command(&loop, settings.health_command, "", settings.pace.command_within);
  if (!healthy_now)
    co_return fail(Fault::unavailable, "the health check failed: " + healthy_now.error().message);
  co_return healthy_now;
}

net::Task<Result<void>> Agent::Life::trial() {
  healthy = false;
  CO_TRY(const auto begun, co_await course.begin_trial());
  if (begun == Course::Trial::over) co_return Result<void>{};
  if (begun == Course::Trial::waits) {
    if (!stopping) co_await update_bell.wait(settings.pace.contact_within);
    co_return Result<void>{};
  }
  const auto well = co_await check_health();
  if (stopping) co_return Result<void>{};
  if (!well) co_return updater.go_back(well.error().message);
  healthy = true;
  if (!contact_made) leave_session();  // as a restart would: the line comes up with the new release
  const std::int64_t began = monotonic_ns();
  while (!stopping && updater.phase() == Phase::activated) {
    if (contact_made) co_return co_await settle_in();
    const auto waited =
        std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(monotonic_ns() - began));
    if (waited >= settings.pace.contact_within) break;
    co_await update_bell.wait(settings.pace.contact_within - waited);
  }
  co_return Result<void>{};
}

// Well, and in touch: what was tried is what runs from now on.
net::Task<Result<void>> Agent::Life::settle_in() {
  CO_TRY(const bool settled, co_await course.settle());
  if (settled) confirmed();
  co_return Result<void>{};
}

void Agent::Life::confirmed() {
  healthy = false;
  log::info("agent", "updated",
            {{"device", settings.id.text()}, {"to", updater.running().firmware}});
  state_news = true;
  update_bell.ring();
  pump();
  line_bell.ring();  // on the update path, a visit tells it
}

void Agent::Life::contact() {
  contact_made = true;
  if (witness && !boot_shown) {
    boot_shown = asked_to_attest = true;
    attest_bell.ring();
  }
  if (!healthy || updater.phase() != Phase::activated) return;
  if (!course.settles_at_once()) return update_bell.ring();
  if (auto done = updater.confirm(); !done)
    return log_failure("the update could not be confirmed", done.error());
  confirmed();
}

}  // namespace muster::agent
