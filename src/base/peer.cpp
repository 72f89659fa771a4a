#include "base/peer.h"

#include <algorithm>

namespace muster {

std::string host_of(std::string_view peer) {
  const auto colon = peer.rfind(':');
  if (colon == std::string_view::npos) return std::string(peer);
  const auto port = peer.substr(colon + 1);
  const bool number =
      !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  const bool alone = peer.find(':') == colon || (colon > 0 && peer[colon - 1] == ']');
  return std::string(number && alone ? peer.substr(0, colon) : peer);
}

}  // namespace muster
