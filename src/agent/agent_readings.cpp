// What a device reports, and, when a fault says so, what it should not.
#include <algorithm>
#include <cmath>

#include "agent/internal/life.h"
#include "wire/senml.h"

namespace muster::agent {
namespace {

// Where an out-of-range value shows: the voltage, or whatever comes first.
std::size_t sore_spot(const std::vector<Metric>& metrics) {
  const auto at = std::ranges::find_if(
      metrics, [](const Metric& each) { return each.name.find("voltage") != std::string::npos; });
  return at == metrics.end() ? 0 : static_cast<std::size_t>(at - metrics.begin());
}

constexpr double far_out = 999;
constexpr Duration flood_every = 100ms, refusal_every = 500ms;
constexpr int flood_messages = 10;

}  // namespace

net::Task<void> Agent::Life::report_readings() {
  const Duration interval = settings.pace.interval;
  // Devices that start together do not report together.
  co_await reading_bell.wait(
      Duration(random.below(static_cast<std::uint64_t>(interval.count()) + 1)));
  std::int64_t due = monotonic_ns();
  while (!over()) {
    take_reading();
    pump();
    keep_outbox_if_due();
    const std::int64_t now = monotonic_ns();
    due = std::max(due + std::chrono::nanoseconds(interval).count(), now);
    co_await reading_bell.wait(std::chrono::ceil<Duration>(std::chrono::nanoseconds(due - now)));
  }
}

void Agent::Life::take_reading() {
  begin_to_misbehave();
  if (faults.silent || tally.restricted || !credentials.current()) return;
  Reading reading{.at = clock.now(), .values = {}};
  readings.next(reading.at, reading.values);
  if (faults.of(updater.running().firmware) == Misbehaviour::out_of_range)
    reading.values[sore_spot(readings.metrics())] = far_out;
  if (std::isfinite(reading.values[0])) last_value = reading.values[0];
  outbox.add(std::move(reading));
}

void Agent::Life::begin_to_misbehave() {
  const Misbehaviour kind = faults.of(updater.running().firmware);
  if (kind == Misbehaviour::none || kind == Misbehaviour::out_of_range || misbehaving || stopping)
    return;
  misbehaving = true;
  tasks.spawn(misbehave());
}

net::Task<void> Agent::Life::misbehave() {
  while (!over()) {
    const Misbehaviour kind = faults.of(updater.running().firmware);
    if (kind != Misbehaviour::flood && kind != Misbehaviour::foreign_topic) break;
    const bool flood = kind == Misbehaviour::flood;
    const auto now = wire::senml_text(std::vector<wire::SenmlRecord>{
        {.name = readings.metrics()[0].name, .time = millis(clock.now()), .value = last_value}});
    if (!now) {
      log_failure("a reading cannot be written", now.error());
      break;
    }
    if (client && !faults.silent && flood)
      for (int i = 0; i < flood_messages; ++i) client->publish_and_forget(topic("telemetry"), *now);
    if (client && client->ready() && !faults.silent && !flood) {
      // Refused, with a word on it in the controller's ledger; there is nothing to do about that.
      auto sent = client->publish("v1/devices/" + settings.id.text() + "-neighbour/telemetry", *now,
                                  [](MqttClient::Reason, std::string_view) {});
      if (!sent) log_failure("nothing can be sent", sent.error());
    }
    co_await fault_bell.wait(flood ? flood_every : refusal_every);
  }
  misbehaving = false;
}

}  // namespace muster::agent
