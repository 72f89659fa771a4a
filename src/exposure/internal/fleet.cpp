#include "exposure/internal/fleet.h"

namespace muster::exposure {

inventory::Risk Running::highest_risk() const {
  for (std::size_t i = by_risk.size(); i-- > 1;)
    if (by_risk[i]) return static_cast<inventory::Risk>(i);
  return inventory::Risk::low;
}

void Fleet::leave(const inventory::Device& device) {
  const auto found = places_.find(&device);
  if (found == places_.end()) return;
  const auto [running, at, risk, isolated] = found->second;
  places_.erase(found);
  --running->by_risk[static_cast<std::size_t>(risk)];
  running->isolated -= isolated;
  if (at + 1 != running->devices.size()) {
    running->devices[at] = running->devices.back();
    places_.at(running->devices[at]).at = at;
  }
  running->devices.pop_back();
}

void Fleet::follow(const inventory::Device& device) {
  const bool counts = !inventory::has_left(device.state) && !device.firmware.empty();
  const bool isolated = device.state == inventory::Lifecycle::quarantined;
  Running* running = counts ? &images_[{device.model, device.firmware}] : nullptr;
  if (const auto found = places_.find(&device);
      found != places_.end() && found->second.running == running &&
      found->second.risk == device.risk && found->second.isolated == isolated)
    return;
  leave(device);
  if (!running) return;
  places_.emplace(&device, Place{running, running->devices.size(), device.risk, isolated});
  running->devices.push_back(&device);
  ++running->by_risk[static_cast<std::size_t>(device.risk)];
  running->isolated += isolated;
}

void Fleet::follow_all(const ModelId& model) {
  for (auto at = images_.lower_bound(std::pair(model, std::string()));
       at != images_.end() && at->first.first == model; ++at) {
    const auto devices = at->second.devices;  // following moves them
    for (const auto* device : devices) follow(*device);
  }
}

const Running* Fleet::running(const ModelId& model, std::string_view version) const {
  const auto at = images_.find(std::pair(model, std::string(version)));
  return at == images_.end() || at->second.devices.empty() ? nullptr : &at->second;
}

}  // namespace muster::exposure
