// How many devices a bad release hurts before it is halted: our gate beside thresholds, as hawkBit
// and AWS IoT Jobs define them, over the same waves of the same fleets. Seeded; prints a table.
//
//   muster-blast [good releases, 1000] [runs of each bad one, 20]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>

#include "blast/fleet.h"

namespace muster::blast {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

using Kind = Release::Kind;
constexpr Release releases[] = {{"bad on 100 %", Kind::bad, 1},
                                {"bad on 20 %", Kind::bad, 0.2},
                                {"bad on 5 %", Kind::bad, 0.05},
                                {"bad on 1 %", Kind::bad, 0.01},
                                {"bad after 30 minutes, on 20 %", Kind::late, 0.2},
                                {"makes 20 % silent", Kind::silent, 0.2},
                                {"makes 2 % silent", Kind::silent, 0.02}};

class Judge {
 public:
  explicit Judge(std::string name) : name_(std::move(name)) {}
  virtual ~Judge() = default;
  virtual void begin() = 0;
  virtual bool halts(const Seen&) = 0;

  void start() {
    halted_at_ = never;
    begin();
  }
  void see(const Seen& seen) {
    if (halted_at_ == never && halts(seen)) halted_at_ = seen.at;
  }
  double halted_at() const { return halted_at_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  double halted_at_ = never;
};

class Measured final : public Judge {  // the engine's own
 public:
  Measured() : Judge("gate that measures") {}
  void begin() override {
    trial_.emplace(rollout::Gate{});
    installs_ = {};
  }
  bool halts(const Seen& seen) override {
    if (seen.of_event) {
      trial_->saw(seen.stream, seen.side, seen.at_risk);
    } else if (!(seen.said == Said::timed_out && seen.known_silent)) {
      ++installs_.tried;
      installs_.hurt += seen.said != Said::installed;
    }
    return trial_->harmful(installs_);
  }

 private:
  std::optional<rollout::Trial> trial_;
  rollout::Installs installs_;
};

// Reported errors of a group, as a share of the group's size; who says nothing is no error.
class HawkBit final : public Judge {
 public:
  HawkBit(const Field& field, int percent)
      : Judge("hawkBit: group error " + std::to_string(percent) + " %"),
        field_(field),
        percent_(percent) {}
  void begin() override { errors_.assign(field_.waves.size(), 0); }
  bool halts(const Seen& seen) override {
    if (seen.of_event || seen.said != Said::failed) return false;
    const double size =
        field_.waves[seen.wave] - (seen.wave == 0 ? 0 : field_.waves[seen.wave - 1]);
    return ++errors_[seen.wave] * 100 >= size * percent_;
  }

 private:
  const Field& field_;
  int percent_;
  std::vector<double> errors_;
};

// Failed and timed out executions, as a share of those that ended, once enough have.
class AwsJobs final : public Judge {
 public:
  AwsJobs(int percent, int least)
      : Judge("AWS Jobs: " + std::to_string(percent) + " % of at least " + std::to_string(least)),
        percent_(percent),
        least_(least) {}
  void begin() override { ended_ = failed_ = 0; }
  bool halts(const Seen& seen) override {
    if (seen.of_event) return false;
    ++ended_;
    failed_ += seen.said != Said::installed;
    return ended_ >= least_ && failed_ * 100 >= ended_ * percent_;
  }

 private:
  int percent_;
  double least_, ended_ = 0, failed_ = 0;
};

struct Score {
  double hurt = 0, minutes = 0;
  int halts = 0, runs = 0;
};

using Judges = std::vector<std::unique_ptr<Judge>>;

void run(const Field& field, const Release& release, std::uint64_t seed, Judges& judges,
         std::vector<Score>& scores) {
  for (auto& judge : judges) judge->start();
  Course course(field, release, seed);
  course.run([&](const Seen& seen) {
    for (auto& judge : judges) judge->see(seen);
  });
  const auto& hurt = course.hurt();
  for (std::size_t i = 0; i < judges.size(); ++i) {
    const double at = judges[i]->halted_at();
    const auto end = std::upper_bound(hurt.begin(), hurt.end(), at);
    ++scores[i].runs;
    scores[i].hurt += static_cast<double>(end - hurt.begin());
    scores[i].halts += at != never;
    scores[i].minutes += at != never ? at : course.ended();
  }
}

Judges all_judges(const Field& field) {
  Judges out;
  out.push_back(std::make_unique<Measured>());
  for (const int percent : {1, 2, 3, 4, 5, 7, 10, 20, 50})
    out.push_back(std::make_unique<HawkBit>(field, percent));
  for (const int percent : {2, 3, 4, 5, 7, 10, 20, 50})
    for (const int least : {1, 10, 100, 500, 1000})
      out.push_back(std::make_unique<AwsJobs>(percent, least));
  return out;
}

std::string halted(const Score& s) {
  if (s.halts == 0) return "never";
  if (s.halts < s.runs) return "in " + std::to_string(s.halts) + " of " + std::to_string(s.runs);
  return std::to_string(static_cast<int>(s.minutes / s.runs + 0.5)) + " min";
}

// The thresholds that may be compared, since they halt good releases as seldom as the gate
// promises: the one best for all these releases, and, per release, the one that knew it before.
struct Rivals {
  std::size_t best = 0;
  std::vector<std::size_t> knowing;
};

Rivals choose(const std::vector<Score>& good, const std::vector<std::vector<Score>>& bad) {
  Rivals out;
  out.knowing.assign(bad.size(), 0);
  double least = never;
  for (std::size_t i = 1; i < good.size(); ++i) {
    if (good[i].halts * 100 > good[i].runs) continue;
    double sum = 0;  // of logs: each release counts the same
    for (std::size_t r = 0; r < bad.size(); ++r) {
      sum += std::log(1 + bad[r][i].hurt);
      auto& knowing = out.knowing[r];
      if (knowing == 0 || bad[r][i].hurt < bad[r][knowing].hurt) knowing = i;
    }
    if (sum < least) out.best = i;
    least = std::min(least, sum);
  }
  return out;
}

void compare(int good_runs, int bad_runs) {
  const Field field;
  auto judges = all_judges(field);
  std::vector<Score> good(judges.size());
  for (int seed = 1; seed <= good_runs; ++seed)
    run(field, {.name = "good"}, static_cast<std::uint64_t>(seed), judges, good);
  std::vector<std::vector<Score>> bad;
  for (const Release& release : releases) {
    bad.emplace_back(judges.size());
    for (int seed = 1; seed <= bad_runs; ++seed)
      run(field, release, static_cast<std::uint64_t>(1'000'000 + seed), judges, bad.back());
  }
  const auto rivals = choose(good, bad);
  std::printf("Good releases halted, of %d: the gate %d; best threshold (%s) %d.\n\n", good_runs,
              good[0].halts, judges[rivals.best]->name().c_str(), good[rivals.best].halts);
  std::printf(
      "| release | gate: devices hurt | halted | best threshold | halted | ratio | "
      "threshold that knew | which | ratio |\n|---|---|---|---|---|---|---|---|---|\n");
  for (std::size_t r = 0; r < bad.size(); ++r) {
    const Score &ours = bad[r][0], &best = bad[r][rivals.best], &knew = bad[r][rivals.knowing[r]];
    std::printf("| %s | %.1f | %s | %.1f | %s | %.3f | %.1f | %s | %.3f |\n", releases[r].name,
                ours.hurt / bad_runs, halted(ours).c_str(), best.hurt / bad_runs,
                halted(best).c_str(), ours.hurt / best.hurt, knew.hurt / bad_runs,
                judges[rivals.knowing[r]]->name().c_str(), ours.hurt / knew.hurt);
  }
  std::printf("\nGood releases halted by each threshold:");
  for (std::size_t i = 1; i < judges.size(); ++i)
    std::printf("%s %s: %d", i > 1 ? ";" : "", judges[i]->name().c_str(), good[i].halts);
  std::printf("\n");
}

}  // namespace
}  // namespace muster::blast

int main(int argc, char** argv) {
  const int good = argc > 1 ? std::atoi(argv[1]) : 1000, bad = argc > 2 ? std::atoi(argv[2]) : 20;
  if (good < 1 || bad < 1) {
    std::fprintf(stderr, "muster-blast [good releases] [runs of each bad one]\n");
    return 2;
  }
  muster::blast::compare(good, bad);
}
