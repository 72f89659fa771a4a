// The line to the controller: MQTT, or the update path when that is refused; what goes out first,
// and what waits.
#include <algorithm>

#include "agent/internal/life.h"
#include "base/log.h"
#include "wire/command.h"
#include "wire/json.h"

namespace muster::agent {
namespace {

using Reason = MqttClient::Reason;

constexpr std::size_t messages_in_flight_max = 16;
constexpr Duration goodbye_within = 2s, state_within = 10s, steady_after = 10s;

// The server may take it later.
bool for_now(Reason reason) {
  return reason == Reason::quota_exceeded || reason == Reason::server_busy ||
         reason == Reason::server_unavailable || reason == Reason::message_rate_too_high ||
         reason == Reason::unspecified_error;
}

}  // namespace

std::string Agent::Life::topic(const char* channel) const {
  return "v1/devices/" + settings.id.text() + '/' + channel;
}

net::Task<void> Agent::Life::stay_connected() {
  Backoff visits(settings.pace.retry_first, settings.pace.retry_max / 4, random);
  while (!stopping) {
    if (wipe.under_way()) {
      co_await retire();
      break;
    }
    const auto& pair = credentials.current();
    if (!pair) {
      co_await enrol();
      renewal_bell.ring();
      continue;
    }
    const bool ended_here = pair->not_after <= clock.now();  // if our clock is right
    const std::int64_t began = monotonic_ns();
    const auto ended = co_await session();
    if (stopping) break;
    line_bell.hush();  // what ended the session is known
    const bool refused = !ended && ended.error().fault == Fault::forbidden;
    if (!refused) visits.reset();
    tally.restricted = refused;
    if (ended && std::chrono::nanoseconds(monotonic_ns() - began) > steady_after) backoff.reset();
    if (ended && leaving) continue;
    if (!ended && !refused) log_failure("not connected", ended.error());
    if (!ended && !refused && ended_here && co_await enrolled_anew()) continue;
    if (refused) {
      outbox.clear();  // nobody believes a device in quarantine
      co_await visit();
      if (wipe.under_way()) continue;
    }
    co_await line_bell.wait(refused ? visits.next() : backoff.next());
  }
}

net::Task<Result<void>> Agent::Life::open_line() {
  CO_TRY(const auto turn, co_await handshakes.as(choose_pair()));
  leaving = gone = false;
  const MqttClient::Settings line{.host = controller.host,
                                  .port = controller.mqtt_port,
                                  .client_id = settings.id.text(),
                                  .keep_alive = settings.pace.keep_alive};
  client = std::make_unique<MqttClient>(loop, line, turn.tls(), *this);
  co_await client->opened();
  co_return Result<void>{};
}

net::Task<Result<void>> Agent::Life::session() {
  CO_TRY_VOID(co_await open_line());
  auto up = co_await client->connected();
  if (!up) {
    if (using_next)
      ++next_refused;
    else if (credentials.next())
      next_refused = 0;
    client.reset();
    co_return up;
  }
  ++tally.connects;
  tally.connected = true;
  tally.restricted = false;
  proved_pair();
  renewal_bell.ring();
  state_news = true;
  contact();
  co_await first_words();
  while (!gone && !leaving && !stopping) co_await line_bell.wait(1h);
  if (!gone) client->disconnect();
  while (!gone && co_await line_bell.wait(goodbye_within)) continue;
  tally.connected = false;
  state_in_flight = report_in_flight = false;
  outbox.disconnected();
  client.reset();
  if (!leaving && !stopping)
    log::info("agent", "disconnected", {{"device", settings.id.text()}, {"why", gone_why.message}});
  co_return Result<void>{};
}

// The controller has to know what runs here before it makes an offer, and it makes one at once when
// it is asked by subscription.
net::Task<void> Agent::Life::first_words() {
  pump();
  while (!gone && !leaving && !faults.silent && (state_news || state_in_flight))
    if (!co_await line_bell.wait(state_within)) break;
  if (gone || leaving) co_return;
  const auto granted =
      co_await client->subscribe({topic("desired"), topic("commands"), topic("updates")});
  if (!granted && !gone) log_failure("cannot subscribe", granted.error());
  pump();
}

void Agent::Life::leave_session() {
  leaving = true;
  line_bell.ring();
}

void Agent::Life::on_gone(const Error& why) {
  gone = true;
  gone_why = why;
  line_bell.ring();
}

// --- what comes in ---

void Agent::Life::on_message(std::string_view name, ByteView payload) {
  if (faults.silent) return;
  if (name == topic("updates")) hear_offer(text_of(payload));
  if (name == topic("desired")) hear_desired(text_of(payload));
  if (name == topic("commands")) hear_command(text_of(payload));
}

void Agent::Life::hear_command(std::string_view text) {
  const auto command = wire::parse_command(text);
  if (command == wire::Command::attest && witness) {
    asked_to_attest = true;
    attest_bell.ring();
  } else if (command == wire::Command::cacerts) {
    asked_to_fetch = true;
    authority_bell.ring();
  } else if (command == wire::Command::renew) {
    asked_to_renew = true;
    renewal_bell.ring();
  } else {
    log::info("agent", "a command came that this agent does not know",
              {{"device", settings.id.text()}});
  }
}

void Agent::Life::hear_offer(std::string_view text) {
  auto heard = wire::parse_offer(text);
  if (!heard) return log_failure("an offer does not read", heard.error());
  offer = std::move(*heard);
  offer_news = true;
  update_bell.ring();
}

// Kept for the device's own programs (desired.json), and told back as what is configured.
void Agent::Life::hear_desired(std::string_view text) {
  auto json = wire::parse_json(text, {.bytes = 48 * 1024, .depth = 12});
  if (!json || !json->members())
    return log_failure("the desired configuration is no JSON object",
                       json ? Error{Fault::invalid, "not an object", ""} : json.error());
  const std::string canonical = wire::canonical(*json);
  if (canonical == wire::canonical(desired)) return;
  if (desired.is_null() && json->members()->empty()) return;
  if (auto kept = disk.write("desired.json", canonical); !kept)
    return log_failure("the desired configuration could not be kept", kept.error());
  desired = std::move(*json);
  state_news = true;
  pump();
}

// What was kept and cannot be read any more is let go: the controller sends it again.
void Agent::Life::recall_desired(std::string_view kept) {
  auto json = wire::parse_json(kept);
  if (!json || !json->members())
    return log_failure("the kept configuration (desired.json) is no JSON object",
                       json ? Error{Fault::corrupt, "not an object", ""} : json.error());
  desired = std::move(*json);
}

// --- what goes out ---

std::string Agent::Life::state_text() const {
  const Running& running = updater.running();
  wire::ReportedState state{.firmware = running.firmware, .sequence = running.sequence};
  if (!running.release_id.empty()) state.release_id = running.release_id;
  state.config = desired;
  state.anchors = anchors.fingerprints();
  if (pair_in_use().key) state.key_store = credentials.kept_in(pair_in_use());
  return wire::to_text(state);
}

void Agent::Life::pump() {
  if (!client || !client->ready() || faults.silent || leaving) return;
  pump_state();
  if (!state_news && !state_in_flight) pump_report();
  pump_readings();
}

void Agent::Life::pump_state() {
  if (!state_news || state_in_flight) return;
  auto sent = client->publish(topic("state"), state_text(), [this](Reason reason, auto why) {
    state_in_flight = false;
    if (wire::mqtt::is_failure(reason))
      log_failure("the state was refused", {Fault::invalid, std::string(why), ""});
    line_bell.ring();
    pump();
  });
  if (!sent) return;
  state_news = false;
  state_in_flight = true;
}

void Agent::Life::pump_report() {
  if (report_in_flight || updater.reports().empty()) return;
  const std::string text = wire::to_text(updater.reports().front());
  auto sent = client->publish(topic("results"), text, [this](Reason reason, auto why) {
    report_in_flight = false;
    if (for_now(reason)) return;  // the next pump() tries again
    if (wire::mqtt::is_failure(reason))
      log_failure("an update report was refused and is dropped",
                  {Fault::invalid, std::string(why), ""});
    if (auto heard = updater.heard_report(); !heard)
      return log_failure("a report that was heard cannot be forgotten", heard.error());
    pump();
  });
  report_in_flight = sent.has_value();
}

void Agent::Life::pump_readings() {
  while (client->ready() && client->in_flight() < messages_in_flight_max) {
    auto message = outbox.next(readings.metrics(), clock.now());
    if (!message) return;
    send_message(std::move(*message));
  }
}

void Agent::Life::send_message(Outbox::Message message) {
  const std::uint64_t number = message.number;
  auto sent =
      client->publish(topic("telemetry"), message.text, [this, number](Reason reason, auto why) {
        if (for_now(reason)) return outbox.again(number);
        outbox.acknowledged(number);
        if (wire::mqtt::is_failure(reason)) {
          ++tally.refused;
          log::debug("agent", "readings were refused and are dropped",
                     {{"device", settings.id.text()}, {"why", std::string(why)}});
        } else {
          ++tally.acknowledged;
        }
        pump_readings();
      });
  if (sent)
    ++tally.published;
  else
    outbox.again(number);
}

// --- the update path ---

net::Task<void> Agent::Life::visit() {
  if (faults.silent) co_return;
  auto turn = co_await handshakes.as(pair_in_use());  // for all of it: it may connect again
  if (!turn) co_return log_failure("there is no TLS", turn.error());
  net::http::Client http(loop, controller.host, controller.device_port, &turn->tls());
  if (auto done = co_await visit_with(&http); !done)
    log_failure("the update path does not answer", done.error());
}

net::Task<Result<net::http::Answer>> Agent::Life::post(net::http::Client* http, const char* channel,
                                                       std::string body) {
  return http->call({.method = "POST",
                     .target = '/' + topic(channel),
                     .headers = {{"Content-Type", "application/json"}},
                     .body = std::move(body)});
}

net::Task<Result<void>> Agent::Life::post_state(net::http::Client* http) {
  if (!state_news) co_return Result<void>{};
  CO_TRY(const auto told, co_await post(http, "state", state_text()));
  state_news = told.status / 100 != 2;
  co_return Result<void>{};
}

net::Task<Result<void>> Agent::Life::visit_with(net::http::Client* http) {
  CO_TRY_VOID(co_await ask_for_order(http));
  if (wipe.under_way()) co_return Result<void>{};
  CO_TRY_VOID(co_await post_state(http));
  CO_TRY(const auto answer, co_await http->call({.target = '/' + topic("updates")}));
  if (answer.status != 200)
    co_return fail(Fault::unavailable, "it answered " + std::to_string(answer.status));
  contact();
  hear_offer(answer.body);
  CO_TRY_VOID(co_await post_state(http));  // what was confirmed just now, before its report
  while (!updater.reports().empty() && !stopping) {
    CO_TRY(const auto heard,
           co_await post(http, "results", wire::to_text(updater.reports().front())));
    if (heard.status >= 500 || heard.status == 429)
      co_return fail(Fault::unavailable, "it takes no report now");
    if (heard.status / 100 != 2)
      log_failure("an update report was refused and is dropped",
                  {Fault::invalid, heard.body.substr(0, 256), ""});
    CO_TRY_VOID(updater.heard_report());
  }
  co_return Result<void>{};
}

}  // namespace muster::agent
