// In what order targets come, and which wave each is in.
#include <algorithm>
#include <map>
#include <numeric>

#include "base/random.h"
#include "rollout/internal/plan.h"

namespace muster::rollout {
namespace {

void shuffle(std::vector<std::size_t>& order, Random& lot) {
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(lot.below(i))]);
}

// How far a wave by share goes: rounded down, one target more than before at least, and leaving
// one for each later wave.
std::size_t upto(const Plan& plan, std::size_t wave, std::size_t all, std::size_t before) {
  const std::size_t later = plan.waves.size() - 1 - wave;
  std::size_t by_share = all * static_cast<std::size_t>(plan.waves[wave].share_permille) / 1000;
  if (later == 1 && plan.waves.back().control)
    by_share = all - all * static_cast<std::size_t>(plan.gate->control_permille) / 1000;
  else
    by_share = std::min(by_share, all > later ? all - later : 0);
  return std::min(all, std::max(before + 1, by_share));
}

}  // namespace

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  SeededRandom lot(seed);
  shuffle(order, lot);
  return order;
}

// The i-th of n of a stratum has rank (i + u) / n, u by lot once for the stratum: systematic
// sampling.
std::vector<std::size_t> spread_out(const std::vector<std::string>& strata, std::uint64_t seed) {
  std::map<std::string_view, std::vector<std::size_t>> by_stratum;
  for (std::size_t i = 0; i < strata.size(); ++i) by_stratum[strata[i]].push_back(i);
  SeededRandom lot(seed);
  std::vector<std::pair<double, std::size_t>> ranked;
  ranked.reserve(strata.size());
  for (auto& [stratum, members] : by_stratum) {
    shuffle(members, lot);
    const double shift = lot.unit(), n = static_cast<double>(members.size());
    for (std::size_t i = 0; i < members.size(); ++i)
      ranked.emplace_back((static_cast<double>(i) + shift) / n, members[i]);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::size_t> order;
  order.reserve(ranked.size());
  for (const auto& [rank, member] : ranked) order.push_back(member);
  return order;
}

std::vector<std::vector<std::size_t>> deal(const Plan& plan, const std::vector<std::size_t>& order,
                                           const Matches& matches) {
  std::vector<std::vector<std::size_t>> out(plan.waves.size());
  std::vector<std::size_t> left = order;
  std::size_t first = 0, dealt = 0;  // of `left` those from `first` on are not dealt yet
  for (std::size_t w = 0; w < plan.waves.size(); ++w) {
    const Wave& wave = plan.waves[w];
    auto& mine = out[w];
    if (wave.selector) {
      std::vector<std::size_t> others;
      for (std::size_t i = first; i < left.size(); ++i)
        (matches(*wave.selector, left[i]) ? mine : others).push_back(left[i]);
      left = std::move(others);
      first = 0;
      dealt += mine.size();
      continue;
    } else {
      const std::size_t goal = wave.count ? dealt + wave.count : upto(plan, w, order.size(), dealt);
      const std::size_t n = std::min(goal - dealt, left.size() - first);
      const auto from = left.begin() + static_cast<std::ptrdiff_t>(first);
      mine.assign(from, from + static_cast<std::ptrdiff_t>(n));
      first += n;
      dealt += n;
    }
  }
  return out;
}

}  // namespace muster::rollout
