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
  std::erase_if(channels_, [&](const auto& channel) { return !channel->send(event, data, id); });
  return !channels_.empty();
}

void Events::tell(const std::vector<desk::Event>& events) {
  if (channels_.empty()) return;
  for (const desk::Event& event : events) {
    std::string data = event.data;
    if (event.name == "rollout") {  // by number only; watchers want the whole of it
      auto id = wire::parse_json(event.data).value().find("id");
      auto progress = domain_.rollouts.progress({static_cast<std::uint64_t>(*id->integer())});
      if (!progress) continue;
      data = wire::to_text(rollout_json(domain_, *progress));
    }
    if (!send(event.name, data, event.id)) return;
  }
  tell_fleet();
}

void Events::tell_fleet() {
  if (monotonic_ns() - fleet_told_ns_ < 1'000'000'000) return;
  fleet_told_ns_ = monotonic_ns();
  send("fleet", wire::to_text(fleet_json(domain_, telemetry_)), "");
}

void Events::join(std::shared_ptr<net::http::EventChannel> channel,
                  std::optional<std::uint64_t> last) {
  const std::uint64_t size = domain_.ledger.checkpoint().size;
  if (last && *last + 1 < size) {
    if (size - *last > catch_up_max) {
      channel->send("gap", "{\"detail\":\"too far behind; load anew\"}");
    } else {
      for (const auto& recorded :
           domain_.ledger.entries(*last + 1, static_cast<std::size_t>(size - *last - 1)))
        channel->send("ledger", wire::to_text(ledger::to_json(recorded)),
                      std::to_string(recorded.index));
    }
  }
  channel->send("fleet", wire::to_text(fleet_json(domain_, telemetry_)));
  channels_.push_back(std::move(channel));
}

}  // namespace muster::api
