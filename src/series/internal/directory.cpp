#include "series/internal/directory.h"

#include <algorithm>
#include <stdexcept>

namespace muster::series {
namespace {

constexpr Key gap_max = 1 << 20;  // keys lost with a hole in the log, before we call it nonsense

}  // namespace

std::uint32_t Directory::metric_number(std::string_view metric) {
  if (const auto known = metric_numbers_.find(metric); known != metric_numbers_.end())
    return known->second;
  const auto number = static_cast<std::uint32_t>(metrics_.size());
  metrics_.emplace_back(metric);
  metric_numbers_.emplace(metric, number);
  return number;
}

Key Directory::number_of(std::string_view device, std::string_view metric) {
  if (const auto known = devices_.find(device); known != devices_.end())
    for (const auto& named : known->second)
      if (metrics_[named.metric] == metric) return named.key;
  if (device.size() > name_bytes_max || metric.size() > name_bytes_max)
    throw std::length_error("a name of more than 1,024 octets reached series");
  const Key key = next_++;
  devices_[std::string(device)].push_back({metric_number(metric), key});
  unsaved_.push_back({key, std::string(device), std::string(metric)});
  return key;
}

bool Directory::place(const NewKey& stored) {
  auto& names = devices_[stored.device];
  const auto metric = metric_number(stored.metric);
  for (const auto& named : names)
    if (named.metric == metric) return named.key == stored.key;
  if (stored.key < next_ || stored.key - next_ > gap_max) return false;
  names.push_back({metric, stored.key});
  unsaved_.push_back(stored);
  next_ = stored.key + 1;
  return true;
}

std::vector<std::string> Directory::metrics(std::string_view device) const {
  std::vector<std::string> names;
  if (const auto known = devices_.find(device); known != devices_.end())
    for (const auto& named : known->second) names.push_back(metrics_[named.metric]);
  return names;
}

void Directory::mark_saved() {
  unsaved_.clear();
  logged_ = 0;
}

}  // namespace muster::series
