// gateway/routes -- which application wants which topic. Each thread holds the same immutable table
// and is handed a new one when a subscription changes; matching takes no lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace muster::gateway {

struct Handle {  // a session on its thread; stale once the session has ended
  std::uint32_t index = 0, generation = 0;
  bool operator==(const Handle&) const = default;
};

struct Route {
  std::string filter;
  std::uint8_t qos = 0;
  unsigned shard = 0;
  Handle session;
};
using Table = std::vector<Route>;
using TableSnapshot = std::shared_ptr<const Table>;

// A message on its way to applications; shared by all who get it.
struct Publication {
  std::string topic, payload;
  std::uint8_t qos = 0;
};
using PublicationSnapshot = std::shared_ptr<const Publication>;

// Whether every topic that `filter` matches is matched by `allowed` too. Both are valid filters.
bool covers(std::string_view allowed, std::string_view filter);

}  // namespace muster::gateway
