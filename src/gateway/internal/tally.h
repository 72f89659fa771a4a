// gateway/tally -- the gateway's counters while they are being counted: one set, shared by its
// threads, relaxed atomics.
#pragma once

#include <atomic>
#include <cstdint>

namespace muster::gateway {

struct Tally {
  using Count = std::atomic<std::uint64_t>;
  Count connections{0}, connects{0}, connects_refused{0}, publishes{0}, publishes_refused{0},
      packets_malformed{0}, deliveries{0}, deliveries_dropped{0}, enrolments{0},
      enrolments_refused{0}, downloads{0}, cuts{0}, enrolments_deferred{0}, crls{0}, statuses{0},
      statuses_kept{0}, take_overs{0};
};

inline void count(Tally::Count& c, std::uint64_t n = 1) {
  c.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace muster::gateway
