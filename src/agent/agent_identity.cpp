// How a device comes by its certificate, and by the next one.
#include <algorithm>

#include "agent/attestation.h"
#include "agent/internal/life.h"
#include "base/log.h"

namespace muster::agent {
namespace {

constexpr int next_tries = 3;  // of a renewed pair, then one of the old, and again

}  // namespace

net::Task<void> Agent::Life::enrol() {
  Backoff wait(settings.pace.retry_first, settings.pace.retry_max, random);
  while (!stopping) {
    auto done = co_await try_to_enrol();
    if (done && *done == 0ms) break;
    if (!done) log_failure("not enrolled yet", done.error());
    const Duration own = wait.next();
    co_await line_bell.wait(done ? std::max(*done, own) : own);
  }
}

// The controller did not take its certificate, which has ended by our clock; that may be wrong, so
// it was asked first.
net::Task<bool> Agent::Life::enrolled_anew() {
  const auto done = co_await try_to_enrol();
  if (!done) log_failure("not enrolled anew", done.error());
  if (!done || *done != 0ms) co_return false;
  renewal_bell.ring();
  co_return true;
}

net::Task<Result<Duration>> Agent::Life::try_to_enrol() {
  if (settings.token.empty() && settings.birth_key_pem.empty() && !witness)
    co_return fail(Fault::invalid,
                   "there is no certificate, and neither a token, a birth certificate nor a TPM to "
                   "enrol with");
  CO_TRY(auto csr, credentials.request());
  if (settings.token.empty() && !witness) {
    CO_TRY(const auto turn, co_await handshakes.as({.key_pem = settings.birth_key_pem,
                                                    .chain_pem = settings.birth_chain_pem,
                                                    .not_before = {},
                                                    .not_after = {}}));
    EstClient est(loop, controller.host, controller.enrol_port, turn.tls());
    auto answer = co_await est.enrol(std::move(csr));
    co_return co_await enrolled(&est, std::move(answer));
  }
  EstClient est(loop, controller.host, controller.enrol_port, handshakes.anonymous());
  const bool by_token = !settings.token.empty();
  auto answer = by_token ? co_await est.enrol(settings.id.text(), settings.token, std::move(csr))
                         : co_await prove(std::move(csr));
  co_return co_await enrolled(&est, std::move(answer));
}

net::Task<Result<Duration>> Agent::Life::enrolled(EstClient* est, Result<EstAnswer> answer) {
  if (!answer) {
    if (answer.error().fault == Fault::forbidden || answer.error().fault == Fault::invalid)
      CO_TRY_VOID(credentials.drop_request());  // this key will not do; the next try has another
    co_return std::unexpected(answer.error());
  }
  if (!answer->certificate)
    log::info(
        "agent", "waits to be let in",
        {{"device", settings.id.text()}, {"asks_again_in", std::to_string(answer->again_in / 1s)}});
  co_return co_await settle(est, std::move(*answer));
}

net::Task<Result<EstAnswer>> Agent::Life::prove(Bytes csr) {
  CO_TRY(auto key, credentials.requested_key());
  AttestationClient tpm(loop, controller.host, controller.enrol_port, handshakes.anonymous(),
                        *witness);
  auto answer = co_await tpm.enrol(settings.id.text(), std::move(key), std::move(csr));
  if (answer && answer->certificate) boot_shown = true;  // it was part of the proof
  co_return answer;
}

net::Task<Result<Duration>> Agent::Life::settle(EstClient* est, EstAnswer answer) {
  if (!answer.certificate) co_return std::max(answer.again_in, 1ms);
  CO_TRY(const auto authorities, co_await est->authorities());
  CO_TRY_VOID(learn(authorities));
  CO_TRY_VOID(credentials.take(*answer.certificate, authorities, anchors.all(), clock.now()));
  log::debug("agent", "has a certificate",
             {{"device", settings.id.text()}, {"until", rfc3339(answer.certificate->not_after)}});
  co_return 0ms;
}

const Pair& Agent::Life::choose_pair() {
  using_next = credentials.next() && next_refused % (next_tries + 1) != next_tries;
  return pair_in_use();
}

const Pair& Agent::Life::pair_in_use() const {
  return using_next && credentials.next() ? *credentials.next() : *credentials.current();
}

void Agent::Life::proved_pair() {
  auto kept = using_next                   ? credentials.promote()
              : next_refused >= next_tries ? credentials.drop_next()
                                           : Result<void>{};
  next_refused = 0;
  using_next = false;
  if (!kept) log_failure("the certificate could not be kept", kept.error());
}

net::Task<void> Agent::Life::renew() {
  Backoff wait(settings.pace.retry_first, settings.pace.retry_max, random);
  bool renewed = false;
  while (!over()) {
    const auto& pair = credentials.current();
    if (!pair || credentials.next()) {
      co_await renewal_bell.wait(settings.pace.retry_max);
      continue;
    }
    renewal.hold(pair->chain_pem, pair->not_before, pair->not_after, std::exchange(renewed, false),
                 clock.now(), monotonic_ns());
    const Duration left = renewal.left(clock.now(), monotonic_ns());
    if (left > 0ms && !asked_to_renew) {
      wait.reset();
      co_await renewal_bell.wait(std::min<Duration>(left + settings.pace.retry_first / 2, 1h));
      continue;
    }
    auto done = co_await try_to_renew();
    if (done && *done == 0ms) {
      asked_to_renew = false;
      renewed = true;
      log::info("agent", "renewed its certificate", {{"device", settings.id.text()}});
      leave_session();  // the next connection is made with the new one
    }
    if (!done) log_failure("the certificate is not renewed yet", done.error());
    const Duration own = wait.next();
    co_await renewal_bell.wait(done ? std::max(*done, own) : own);
  }
}

net::Task<Result<Duration>> Agent::Life::try_to_renew() {
  CO_TRY(auto csr, credentials.request());
  CO_TRY(const auto turn, co_await handshakes.as(*credentials.current()));
  EstClient est(loop, controller.host, controller.enrol_port, turn.tls());
  auto answer = witness ? co_await prove(csr) : co_await est.renew(csr);
  if (witness && !answer && answer.error().fault == Fault::unauthorized)
    answer = co_await est.renew(csr);  // its TPM is not known: it came by a token
  if (!answer) {
    if (answer.error().fault == Fault::invalid) CO_TRY_VOID(credentials.drop_request());
    co_return std::unexpected(answer.error());
  }
  co_return co_await settle(&est, std::move(*answer));
}

net::Task<void> Agent::Life::show_boots() {
  Backoff wait(settings.pace.retry_first, settings.pace.retry_max, random);
  while (!over()) {
    if (!asked_to_attest || !credentials.current()) {
      co_await attest_bell.wait(1h);
      continue;
    }
    auto shown = co_await show_boot();
    if (shown) {
      asked_to_attest = false;
      wait.reset();
      continue;
    }
    log_failure("the boot is not attested", shown.error());
    const bool later = shown.error().fault == Fault::unavailable;
    if (!later) asked_to_attest = false;  // refused: the same again would be too
    co_await attest_bell.wait(wait.next());
  }
}

net::Task<Result<void>> Agent::Life::show_boot() {
  CO_TRY(const auto turn, co_await handshakes.as(pair_in_use()));
  AttestationClient tpm(loop, controller.host, controller.device_port, turn.tls(), *witness);
  co_return co_await tpm.show(settings.id.text());
}

}  // namespace muster::agent
