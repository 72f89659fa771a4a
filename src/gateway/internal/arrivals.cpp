#include "gateway/internal/arrivals.h"

#include <algorithm>

#include "base/peer.h"

namespace muster::gateway {
namespace {

constexpr std::int64_t sweep_ns = 1'000'000'000;  // a full table is gone through once a second

}  // namespace

double Arrivals::tokens_at(const Bucket& bucket, std::int64_t now_ns) const {
  const double since = static_cast<double>(std::max<std::int64_t>(0, now_ns - bucket.at_ns)) / 1e9;
  return std::min(burst_, bucket.tokens + since * per_second_);
}

Arrivals::Bucket& Arrivals::bucket_of(std::string host, std::int64_t now_ns) {
  if (const auto at = buckets_.find(host); at != buckets_.end()) return at->second;
  if (buckets_.size() >= addresses_max && (swept_ns_ == 0 || now_ns - swept_ns_ >= sweep_ns)) {
    swept_ns_ = now_ns;
    std::erase_if(buckets_,
                  [&](const auto& each) { return tokens_at(each.second, now_ns) >= burst_; });
  }
  if (buckets_.size() >= addresses_max) {
    if (newcomers_.at_ns == 0) newcomers_ = {burst_, now_ns};
    return newcomers_;
  }
  return buckets_.emplace(std::move(host), Bucket{burst_, now_ns}).first->second;
}

bool Arrivals::admit(std::string_view peer, std::int64_t now_ns) {
  Bucket& bucket = bucket_of(host_of(peer), now_ns);
  bucket.tokens = tokens_at(bucket, now_ns);
  bucket.at_ns = now_ns;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace muster::gateway
