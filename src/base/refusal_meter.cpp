#include "base/refusal_meter.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr std::size_t keys_max = 10'000;
const std::string everybody_else = "*";

}  // namespace

void RefusalMeter::forget_closed(Instant now) {
  std::erase_if(windows_, [&](const auto& item) {
    const bool closed = !item.second.open(now);
    if (closed) orphaned_ += item.second.left_out;
    return closed;
  });
}

RefusalMeter::Window& RefusalMeter::window_of(const std::string& key, Instant now) {
  auto at = windows_.find(key);
  if (at == windows_.end()) {
    if (windows_.size() >= keys_max) forget_closed(now);
    const bool full = windows_.size() >= keys_max;
    at = windows_.try_emplace(full ? everybody_else : key, Window{.start = now}).first;
  }
  auto& window = at->second;
  if (!window.open(now)) {
    window.start = now;
    window.admitted = 0;
  }
  return window;
}

std::optional<std::uint64_t> RefusalMeter::admit(const std::string& key, Instant now) {
  auto& window = window_of(key, now);
  if (!all_.open(now)) all_ = {.start = now};
  if (window.admitted >= limits_.of_one_key || all_.admitted >= limits_.of_all_keys) {
    ++window.left_out;
    return std::nullopt;
  }
  ++window.admitted;
  ++all_.admitted;
  return std::exchange(window.left_out, 0) + std::exchange(orphaned_, 0);
}

}  // namespace muster
