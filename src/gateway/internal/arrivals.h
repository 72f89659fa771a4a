// gateway/arrivals -- how often one address may ask for a certificate: a token bucket for each.
//
// At most `addresses_max` are remembered. Those whose buckets are full again are forgotten first;
// where all are busy, newcomers share one bucket, so that a flood from many addresses costs no
// memory and shuts out nobody who came before it. Loop thread. The caller says what time it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace muster::gateway {

class Arrivals {
 public:
  static constexpr std::size_t addresses_max = 10'000;

  Arrivals(double per_second, double burst) : per_second_(per_second), burst_(burst) {}
  bool admit(std::string_view peer, std::int64_t now_ns);  // peer: with or without a port
  std::size_t addresses() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    std::int64_t at_ns = 0;
  };
  double tokens_at(const Bucket&, std::int64_t now_ns) const;
  Bucket& bucket_of(std::string host, std::int64_t now_ns);

  const double per_second_, burst_;
  std::unordered_map<std::string, Bucket> buckets_;
  Bucket newcomers_{};
  std::int64_t swept_ns_ = 0;
};

}  // namespace muster::gateway
