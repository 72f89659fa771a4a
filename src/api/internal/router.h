// api/router -- finds the route of a method and a path, and the values of its parameters.
// Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/internal/route.h"

namespace muster::api {

class Router {
 public:
  explicit Router(std::vector<Route>);

  struct Found {
    const Route* route = nullptr;  // null: nothing here answers this method
    std::vector<std::string> path;
    std::string allowed;  // methods that the path knows; empty: there is no such path
  };
  Found find(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace muster::api
