#include "rollout/internal/windows.h"

#include <algorithm>

#include "inventory/inventory.h"

namespace muster::rollout {
namespace {

constexpr int day_s = 86'400;

int length_s(const Window& w) {
  const int minutes = w.to_minute - w.from_minute;
  return (minutes > 0 ? minutes : minutes + 1440) * 60;
}

bool opens_on(const Window& w, int weekday) {
  return w.days >> ((weekday % 7 + 7) % 7) & 1;
}

// Days back in local time; a change of the clocks in between moves it by as much.
Opening look(const Window& w, const Zone& zone, Instant now) {
  const auto local = zone.local(now);
  for (int back = 0; back <= 8; ++back) {
    const int since = local.second + back * day_s - w.from_minute * 60;
    if (since < 0 || !opens_on(w, local.day - back)) continue;
    return {since < length_s(w), now - std::chrono::seconds(since),
            std::chrono::seconds(length_s(w))};
  }
  return {false, Instant(), std::chrono::seconds(length_s(w))};
}

Instant next(const Window& w, const Zone& zone, Instant from) {
  if (look(w, zone, from).open) return from;
  const auto local = zone.local(from);
  for (int ahead = 0; ahead <= 8; ++ahead) {
    const int until = w.from_minute * 60 + ahead * day_s - local.second;
    if (until > 0 && opens_on(w, local.day + ahead))
      return std::chrono::floor<std::chrono::seconds>(from) + std::chrono::seconds(until);
  }
  return from;
}

}  // namespace

Opening opening(const std::vector<Window>& windows, const std::vector<Zone>& zones,
                const inventory::Device& device, Instant now) {
  for (std::size_t i = 0; i < windows.size(); ++i)
    if (!windows[i].where || windows[i].where->matches(device))
      return look(windows[i], zones[i], now);
  return {};
}

Instant first_open(const std::vector<Window>& windows, const std::vector<Zone>& zones,
                   Instant from) {
  if (windows.empty()) return from;
  Instant out = Instant::max();
  for (std::size_t i = 0; i < windows.size(); ++i)
    out = std::min(out, next(windows[i], zones[i], from));
  return out;
}

}  // namespace muster::rollout
