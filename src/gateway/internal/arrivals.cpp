#include "gateway/internal/arrivals.h"

#include "base/peer.h"

namespace muster::gateway {
namespace {

constexpr std::int64_t sweep_ns = 1'000'000'000;  // a full table is gone through once a second

}  // namespace

TokenBucket& Arrivals::bucket_of(std::string host, std::int64_t now_ns) {
  if (const auto at = buckets_.find(host); at != buckets_.end()) return at->second;
  if (buckets_.size() >= addresses_max && (swept_ns_ == 0 || now_ns - swept_ns_ >= sweep_ns)) {
    swept_ns_ = now_ns;
    std::erase_if(buckets_, [&](const auto& each) { return each.second.is_full(now_ns); });
  }
  if (buckets_.size() < addresses_max)
    return buckets_.emplace(std::move(host), TokenBucket(rate_, now_ns)).first->second;
  if (!newcomers_) newcomers_.emplace(rate_, now_ns);
  return *newcomers_;
}

bool Arrivals::admit(std::string_view peer, std::int64_t now_ns) {
  return bucket_of(host_of(peer), now_ns).take(now_ns);
}

}  // namespace muster::gateway
