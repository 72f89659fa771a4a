// The way out: the order, the wipe, the statement, and the end; and what is kept under the data key
// until then.
#include "agent/internal/answers.h"
#include "agent/internal/command.h"
#include "agent/internal/life.h"
#include "base/log.h"

namespace muster::agent {
namespace {

constexpr std::size_t outbox_octets_max = 900 * 1024;
constexpr Duration outbox_kept_every = 60s, own_wipe_within = 30min;

}  // namespace

// --- what is kept ---

Result<void> Agent::Life::open_data() {
  if (wipe.phase() != WipePhase::none) return {};  // there is no such key any more
  TRY(auto key, DataKey::open(disk));
  data_key.emplace(std::move(key));
  auto kept = data_key->kept(Wipe::outbox_name);
  if (kept && *kept) {
    const auto old = readings_of(**kept);
    if (!old) log_failure("the readings of before are lost", old.error());
    if (old)
      for (const Reading& each : *old) {
        outbox_kept_to = each.at;
        if (each.values.size() == readings.metrics().size()) outbox.add(each);
      }
    outbox_kept = true;
  }
  if (!kept) log_failure("the readings of before are lost", kept.error());
  return {};
}

// While there is no line, once a minute; and at the end. In between they are in memory only.
void Agent::Life::keep_outbox() {
  if (!data_key || (outbox.size() == 0 && !outbox_kept)) return;
  const auto waiting = outbox.readings();
  auto done = waiting.empty()
                  ? disk.remove(Wipe::outbox_name)
                  : data_key->keep(Wipe::outbox_name, to_octets(waiting, outbox_octets_max));
  outbox_kept = !waiting.empty();
  if (outbox_kept) outbox_kept_to = waiting.back().at;
  outbox_kept_ns = monotonic_ns();
  if (!done) log_failure("the readings could not be kept", done.error());
}

void Agent::Life::keep_outbox_if_due() {
  const auto since = std::chrono::nanoseconds(monotonic_ns() - outbox_kept_ns);
  if (!tally.connected && since >= outbox_kept_every) return keep_outbox();
  const auto oldest = outbox.oldest();
  if (!tally.connected || !outbox_kept || (oldest && *oldest <= outbox_kept_to)) return;
  outbox_kept = false;  // all of it is acknowledged
  if (auto done = disk.remove(Wipe::outbox_name); !done)
    log_failure("readings that were acknowledged are still kept", done.error());
}

// --- the order ---

net::Task<Result<void>> Agent::Life::ask_for_order(net::http::Client* http) {
  if (wipe.phase() != WipePhase::none) co_return Result<void>{};
  CO_TRY(const auto answer, co_await http->call({.target = '/' + topic("retirement"),
                                                 .body_max = wire::sanitisation_bytes_max}));
  if (answer.status == 404 || (answer.status == 200 && wire::is_no_order(answer.body)))
    co_return Result<void>{};
  if (answer.status != 200) co_return refused(answer);
  const auto obeyed =
      wipe.obey(answer.body, controller.trust, data_key ? data_key->id() : "", clock.now());
  if (obeyed) {
    log::warning("agent", "ordered to wipe itself; this is its end",
                 {{"device", settings.id.text()}});
    retire_now();
    co_return Result<void>{};
  }
  log_failure("an order to wipe is refused", obeyed.error());
  if (answer.body == refused_order) co_return Result<void>{};  // said already
  CO_TRY(const auto told,
         co_await post(http, "retirement/refusal",
                       wire::to_text(wire::OrderRefusal{obeyed.error().message.substr(0, 512)})));
  if (told.status / 100 == 2) refused_order = answer.body;
  co_return Result<void>{};
}

// Nothing else is done any more.
void Agent::Life::retire_now() {
  outbox.clear();
  data_key.reset();
  leave_session();
  for (Bell* bell : {&update_bell, &reading_bell, &renewal_bell, &attest_bell, &fault_bell})
    bell->ring();
}

// --- the wipe ---

net::Task<void> Agent::Life::retire() {
  Backoff wait(settings.pace.retry_first, settings.pace.retry_max, random);
  while (!stopping && wipe.under_way()) {
    const auto done = co_await retire_step();
    if (done) {
      wait.reset();
      continue;
    }
    log_failure("the wipe waits", done.error());
    line_bell.hush();
    co_await line_bell.wait(wait.next());
  }
  if (!wipe.ended()) co_return;
  log::warning("agent", "wiped and retired; its identity is gone",
               {{"device", settings.id.text()}});
  end();
  if (retired) retired();
}

net::Task<Result<void>> Agent::Life::retire_step() {
  switch (wipe.phase()) {
    case WipePhase::ordered:
      CO_TRY_VOID(co_await own_wipe());
      co_return wipe.erase();
    case WipePhase::erased: {
      if (!credentials.current())
        co_return fail(Fault::corrupt, "the certificate to sign the statement with is gone");
      CO_TRY(const auto key, credentials.signing_key(pair_in_use()));
      co_return wipe.state(*key, {settings.wipe_method, settings.wipe_technique}, clock.now());
    }
    case WipePhase::stated:
      co_return co_await bring_statement();
    case WipePhase::acknowledged:
      co_return wipe.end(keys);
    default:
      co_return Result<void>{};
  }
}

// What only the device's maker knows how to erase. It runs before the agent's own data goes, and
// again after a power cut; without its success there is no statement.
net::Task<Result<void>> Agent::Life::own_wipe() {
  CO_TRY_VOID(DataKey::destroy(disk));  // first of all
  if (settings.wipe_command.empty()) co_return Result<void>{};
  auto done = co_await run_command(&loop, settings.wipe_command, "", own_wipe_within);
  if (!done)
    co_return fail(Fault::unavailable, "the device's own wipe failed: " + done.error().message);
  co_return done;
}

net::Task<Result<void>> Agent::Life::bring_statement() {
  if (!credentials.current())
    co_return fail(Fault::corrupt, "the certificate to bring the statement with is gone");
  auto turn = co_await handshakes.as(pair_in_use());
  if (!turn) co_return std::unexpected(turn.error());
  net::http::Client http(loop, controller.host, controller.device_port, &turn->tls());
  CO_TRY(const auto answer,
         co_await post(&http, "retirement", wire::to_text(wipe.record().statement)));
  if (answer.status == 200) co_return wipe.heard();
  // Whoever is refused for good has been given up; there is nobody left to wait for.
  const bool given_up = answer.status == 401 && clock.now() >= wipe.record().deadline;
  if (given_up) {
    log_failure("its statement came too late, and nobody acknowledged it",
                {Fault::unauthorized, answer.body.substr(0, 256), ""});
    co_return wipe.heard();
  }
  if (answer.status / 100 == 4 && credentials.next()) {  // perhaps by the other of two keys
    using_next = !using_next;
    CO_TRY(const auto key, credentials.signing_key(pair_in_use()));
    CO_TRY_VOID(wipe.state(*key, {settings.wipe_method, settings.wipe_technique}, clock.now()));
  }
  co_return refused(answer);
}

}  // namespace muster::agent
