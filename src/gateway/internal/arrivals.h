// gateway/arrivals -- how often one address may ask for a certificate: a token bucket for each.
//
// At most `addresses_max` are remembered. Those whose buckets are full again are forgotten first;
// where all are busy, newcomers share one bucket, so that a flood from many addresses costs no
// memory and shuts out nobody who came before it. Loop thread. The caller says what time it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/token_bucket.h"

namespace muster::gateway {

class Arrivals {
 public:
  static constexpr std::size_t addresses_max = 10'000;

  explicit Arrivals(Rate rate) : rate_(rate) {}
  bool admit(std::string_view peer, std::int64_t now_ns);  // peer: with or without a port
  std::size_t addresses() const { return buckets_.size(); }

 private:
  TokenBucket& bucket_of(std::string host, std::int64_t now_ns);

  const Rate rate_;
  std::unordered_map<std::string, TokenBucket> buckets_;
  std::optional<TokenBucket> newcomers_;
  std::int64_t swept_ns_ = 0;
};

}  // namespace muster::gateway
