// How a device follows the fleet's CA from one root to the next.
#include "agent/internal/life.h"
#include "base/log.h"

namespace muster::agent {

// What it holds now is told with its state.
Result<void> Agent::Life::learn(const std::vector<crypto::Certificate>& given) {
  TRY(const bool changed, anchors.learn(given, clock.now()));
  if (!changed) return {};
  TRY_VOID(handshakes.trust(anchors.pem()));
  log::info("agent", "trusts other roots",
            {{"device", settings.id.text()}, {"roots", std::to_string(anchors.all().size())}});
  state_news = true;
  pump();
  return {};
}

net::Task<void> Agent::Life::follow_authorities() {
  Backoff wait(settings.pace.retry_first, settings.pace.retry_max, random);
  while (!stopping) {
    if (!asked_to_fetch || !credentials.current()) {
      co_await authority_bell.wait(1h);
      continue;
    }
    auto fetched = co_await fetch_authorities();
    if (fetched) {
      asked_to_fetch = false;
      wait.reset();
      continue;
    }
    log_failure("the CA's certificates are not fetched", fetched.error());
    co_await authority_bell.wait(wait.next());
  }
}

net::Task<Result<void>> Agent::Life::fetch_authorities() {
  CO_TRY(const auto turn, co_await handshakes.as(pair_in_use()));
  EstClient est(loop, controller.host, controller.enrol_port, turn.tls());
  CO_TRY(const auto given, co_await est.authorities());
  CO_TRY_VOID(learn(given));
  state_news = true;  // asked for, so told: also when nothing has changed
  pump();
  co_return Result<void>{};
}

}  // namespace muster::agent
