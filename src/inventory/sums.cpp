#include "inventory/internal/field.h"

namespace muster::inventory {

void Sums::add(const Device& d) {
  ++counts_.total;
  ++counts_.by_state[static_cast<std::size_t>(d.state)];
  if (d.online) ++counts_.online;
  if (has_left(d.state)) return;
  ++counts_.by_risk[static_cast<std::size_t>(d.risk)];
  if (!d.firmware.empty()) ++firmware_[{d.model, d.firmware}];
}

void Sums::remove(const Device& d) {
  --counts_.total;
  --counts_.by_state[static_cast<std::size_t>(d.state)];
  if (d.online) --counts_.online;
  if (has_left(d.state)) return;
  --counts_.by_risk[static_cast<std::size_t>(d.risk)];
  if (d.firmware.empty()) return;
  const auto at = firmware_.find({d.model, d.firmware});
  if (--at->second == 0) firmware_.erase(at);
}

void Sums::online(bool now) {
  if (now)
    ++counts_.online;
  else
    --counts_.online;
}

std::vector<FirmwareCount> Sums::firmware() const {
  std::vector<FirmwareCount> out;
  out.reserve(firmware_.size());
  for (const auto& [key, count] : firmware_) out.push_back({key.first, key.second, count});
  return out;
}

}  // namespace muster::inventory
