#include "gateway/internal/routes.h"

#include <string_view>

namespace muster::gateway {
namespace {

// Takes the first level off.
std::string_view next_level(std::string_view& rest, bool& more) {
  auto slash = rest.find('/');
  std::string_view level = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest = more ? rest.substr(slash + 1) : std::string_view{};
  return level;
}

}  // namespace

bool covers(std::string_view allowed, std::string_view filter) {
  const bool wild = allowed.starts_with('#') || allowed.starts_with('+');
  if (wild && filter.starts_with('$')) return false;  // it matches none of those [MQTT-4.7.2-1]
  bool more_allowed = true, more_filter = true;
  while (more_allowed) {
    std::string_view a = next_level(allowed, more_allowed);
    if (a == "#") return true;
    if (!more_filter) return false;
    std::string_view f = next_level(filter, more_filter);
    if (f == "#" || (f == "+" && a != "+") || (a != "+" && a != f)) return false;
  }
  return !more_filter;
}

}  // namespace muster::gateway
