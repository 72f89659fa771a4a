#include "api/internal/router.h"

#include <optional>

namespace muster::api {
namespace {

std::string_view take_segment(std::string_view& rest) {
  auto slash = rest.find('/');
  std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  return segment;
}

// The parameters' values, when the pattern fits. "{rest...}" takes all that is left.
std::optional<std::vector<std::string>> fit(std::string_view pattern, std::string_view path) {
  std::vector<std::string> values;
  while (!pattern.empty()) {
    std::string_view wanted = take_segment(pattern);
    if (wanted.ends_with("...}")) {
      if (path.empty()) return std::nullopt;
      values.emplace_back(path);
      return values;
    }
    const bool last_given = path.find('/') == std::string_view::npos;
    std::string_view given = take_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return std::nullopt;
      values.emplace_back(given);
    } else if (wanted != given) {
      return std::nullopt;
    }
    if (last_given && !pattern.empty()) return std::nullopt;
    if (!last_given && pattern.empty()) return std::nullopt;
  }
  return values;
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  Found found;
  for (const Route& route : routes_) {
    auto values = fit(std::string_view(route.pattern).substr(1), path.substr(1));
    if (!values) continue;
    if (method == route.method || (method == "HEAD" && std::string_view(route.method) == "GET"))
      return {&route, std::move(*values), ""};
    found.allowed += (found.allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  return found;
}

}  // namespace muster::api
