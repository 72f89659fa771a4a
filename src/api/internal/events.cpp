#include "api/internal/events.h"

#include "api/internal/views.h"
#include "base/clock.h"

namespace muster::api {
namespace {

constexpr std::size_t catch_up_max = 2'000;  // entries; who is further behind is told to load anew

}  // namespace

Events::Events(desk::Domain& domain, desk::Telemetry& telemetry)
    : domain_(domain), telemetry_(telemetry) {}

bool Events::send(const std::string& event, const std::string& data, const std::string& id) {
  std::erase_if(watchers_,
                [&](const Watcher& each) { return !each.channel->send(event, data, id); });
  return !watchers_.empty();
}

void Events::tell(const std::vector<desk::Event>& events) {
  std::erase_if(watchers_, [](const Watcher& each) { return !each.welcome(); });
  if (watchers_.empty()) return;
  for (const desk::Event& event : events) {
    std::string data = event.data;
    if (event.name == "rollout") {  // by number only; watchers want the whole of it
      const wire::Json told = expect(wire::parse_json(event.data));
      const auto id = static_cast<std::uint64_t>(*told.find("id")->integer());
      auto progress = domain_.rollouts.progress({id});
      if (!progress) continue;
      data = wire::to_text(rollout_json(domain_, *progress));
    }
    if (!send(event.name, data, event.id)) return;
  }
  tell_fleet();
}

// At most once a second; what changes after that is told at the desk's next tick.
void Events::tell_fleet() {
  if (monotonic_ns() - fleet_told_ns_ < 1'000'000'000) return;
  fleet_told_ns_ = monotonic_ns();
  std::string now = wire::to_text(fleet_json(domain_, telemetry_));
  if (now == fleet_told_) return;
  fleet_told_ = std::move(now);
  send("fleet", fleet_told_, "");
}

void Events::join(std::shared_ptr<net::http::EventChannel> channel,
                  std::optional<std::uint64_t> last, std::function<bool()> welcome) {
  const std::uint64_t size = domain_.ledger.checkpoint().size;
  if (last) {
    if (*last >= size || size - *last > catch_up_max) {
      channel->send("gap", "{\"detail\":\"the entries in between cannot be told; load anew\"}");
    } else {
      for (const auto& recorded :
           domain_.ledger.entries(*last + 1, static_cast<std::size_t>(size - *last - 1)))
        channel->send("ledger", wire::to_text(ledger::to_json(recorded)),
                      std::to_string(recorded.index));
    }
  }
  watchers_.push_back({std::move(channel), std::move(welcome)});
}

void Events::greet(net::http::EventChannel& channel) {
  channel.send("fleet", wire::to_text(fleet_json(domain_, telemetry_)));
}

}  // namespace muster::api
