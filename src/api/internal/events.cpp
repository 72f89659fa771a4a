#include "api/internal/events.h"

#include "api/internal/views.h"
#include "base/clock.h"
#include "base/log.h"

namespace muster::api {
namespace {

constexpr std::size_t catch_up_max = 2'000;  // entries; who is further behind is told to load anew

}  // namespace

Events::Events(desk::Domain& domain, desk::Telemetry& telemetry)
    : domain_(domain), telemetry_(telemetry) {}

void Events::send(const std::string& event, const wire::Json& body, const std::string& id) {
  send_text(event, wire::to_text(body), id);
}

void Events::send_text(const std::string& event, const std::string& data, const std::string& id) {
  std::erase_if(watchers_,
                [&](const Watcher& each) { return !each.channel->send(event, data, id); });
}

void Events::tell(const desk::News& news) {
  std::erase_if(watchers_, [](const Watcher& each) { return !each.welcome(); });
  if (watchers_.empty()) return;
  if (auto lost = tell_entries(news.ledger_from, news.ledger_to); !lost)
    log::error("api", "the ledger's news cannot be told", {{"why", lost.error().message}});
  for (const auto& [device, online, at] : news.presence)
    send("presence",
         wire::Json::object({{"device", device.text()}, {"online", online}, {"at", rfc3339(at)}}));
  for (const std::uint64_t id : news.rollouts)
    if (auto progress = domain_.rollouts.progress({id}))
      send("rollout", rollout_json(domain_, *progress));
  for (const std::uint64_t id : news.retirements)
    if (const auto request = domain_.retirements.find(id))
      send("retirement", retirement_json(*request));
  for (const auto& [id, device, open] : news.incidents)
    send("incident",
         wire::Json::object(
             {{"id", id}, {"device", device.text()}, {"state", open ? "open" : "closed"}}));
  tell_fleet();
}

Result<void> Events::tell_entries(std::uint64_t from, std::uint64_t to) {
  TRY(const auto entries, domain_.ledger.entries(from, static_cast<std::size_t>(to - from)));
  for (const auto& recorded : entries)
    send("ledger", ledger::to_json(recorded), std::to_string(recorded.index));
  return {};
}

// At most once a second; what changes after that is told at the desk's next tick.
void Events::tell_fleet() {
  if (monotonic_ns() - fleet_told_ns_ < 1'000'000'000) return;
  fleet_told_ns_ = monotonic_ns();
  std::string now = wire::to_text(fleet_json(domain_, telemetry_));
  if (now == fleet_told_) return;
  fleet_told_ = std::move(now);
  send_text("fleet", fleet_told_, {});
}

Result<void> Events::join(std::shared_ptr<net::http::EventChannel> channel,
                          std::optional<std::uint64_t> last, std::function<bool()> welcome) {
  const std::uint64_t size = domain_.ledger.checkpoint().size;
  if (last) {
    if (*last >= size || size - *last > catch_up_max) {
      channel->send("gap", "{\"detail\":\"the entries in between cannot be told; load anew\"}");
    } else {
      TRY(const auto missed,
          domain_.ledger.entries(*last + 1, static_cast<std::size_t>(size - *last - 1)));
      for (const auto& recorded : missed)
        channel->send("ledger", wire::to_text(ledger::to_json(recorded)),
                      std::to_string(recorded.index));
    }
  }
  watchers_.push_back({std::move(channel), std::move(welcome)});
  return {};
}

void Events::greet(net::http::EventChannel& channel) {
  channel.send("fleet", wire::to_text(fleet_json(domain_, telemetry_)));
}

}  // namespace muster::api
