#include "rollout/gate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

namespace muster::rollout {
namespace {

constexpr std::array<double, Weighed::ratios> hazard_ratios{1.5, 2, 4, 8, 30, 200, 5000};
constexpr std::size_t hurt_least = 3;  // devices, before a rollout may be halted
constexpr double never = -std::numeric_limits<double>::infinity();

// The log of the mean of numbers given by their logs.
double mixed(std::span<const double> logs) {
  const double top = *std::max_element(logs.begin(), logs.end());
  if (top == never) return never;
  double sum = 0;
  for (const double l : logs) sum += std::exp(l - top);
  return top + std::log(sum / static_cast<double>(logs.size()));
}

double times_log(std::size_t n, double x) {  // with 0 × log 0 = 0
  return n == 0 ? 0 : static_cast<double>(n) * std::log(x);
}

// log of P(hurt of tried | p) / P(… | q).
double binomial_ratio(const Installs& n, double p, double q) {
  return times_log(n.hurt, p / q) + times_log(n.tried - n.hurt, (1 - p) / (1 - q));
}

// An e-process while p <= usual: each alternative lies above it, and the ratio's expectation rises
// with p.
double install_harm(const Installs& n, double usual) {
  constexpr std::array<double, 7> steps{0.01, 0.03, 0.08, 0.2, 0.45, 0.75, 0.98};
  const double null = std::max(usual, 1e-4);
  std::array<double, steps.size()> logs{};
  for (std::size_t i = 0; i < steps.size(); ++i)
    logs[i] = binomial_ratio(n, null + (1 - null) * steps[i], null);
  return mixed(logs);
}

double install_harmless(const Installs& n, double harmful) {
  constexpr std::array<double, 5> shares{0, 0.1, 0.25, 0.5, 0.75};
  std::array<double, shares.size()> logs{};
  for (std::size_t i = 0; i < shares.size(); ++i)
    logs[i] = binomial_ratio(n, harmful * shares[i], harmful);
  return mixed(logs);
}

// The same for events in device-time: log of P(events | rate a) / P(… | rate b), Poisson.
double event_harmless(std::size_t events, double soaks, double harmful) {
  constexpr std::array<double, 5> shares{0, 0.1, 0.25, 0.5, 0.75};
  std::array<double, shares.size()> logs{};
  for (std::size_t i = 0; i < shares.size(); ++i)
    logs[i] = times_log(events, shares[i]) + (1 - shares[i]) * harmful * soaks;
  return mixed(logs);
}

// What is usual, two standard deviations to the careful side.
double usual_rate(std::size_t events, double soaks) {
  if (soaks <= 0) return 0;
  const double n = static_cast<double>(events);
  return std::max(0.0, n - 2 * std::sqrt(n)) / soaks;
}

double share(int permille) {
  return static_cast<double>(permille) / 1000;
}

std::string grouped(double value) {  // "4,300"
  std::string digits = std::to_string(static_cast<long long>(std::min(value, 1e15)));
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string counted(std::size_t n) {
  return grouped(static_cast<double>(n));
}

std::string told(const Evidence& e) {
  const std::string of = counted(e.treated_events) + " of " + counted(e.treated);
  if (e.stream == Stream::install) return "install: " + of + " failed";
  return std::string(name_of(e.stream)) + ": " + of + " with the release, " +
         counted(e.control_events) + " of " + counted(e.control) + " that wait for it";
}

std::string words_of_harm(const Verdict& v) {
  const auto worst =
      std::max_element(v.evidence.begin(), v.evidence.end(),
                       [](const Evidence& a, const Evidence& b) { return a.harm < b.harm; });
  return told(*worst) + "; a harmless release shows such evidence in one rollout of " +
         grouped(std::pow(10, v.harm)) + " at most";
}

std::string words_of_hold(const Verdict& v) {
  std::string out;
  for (const Evidence& e : v.evidence)
    if (!e.supports) out += (out.empty() ? "" : "; ") + told(e);
  return "not yet shown to be harmless by " + out;
}

}  // namespace

const char* name_of(Stream s) {
  constexpr const char* names[] = {"install", "silence",     "health",
                                   "alerts",  "attestation", "restarts"};
  return names[static_cast<std::size_t>(s)];
}

Result<Stream> parse_stream(std::string_view text) {
  for (std::size_t i = 0; i < streams; ++i)
    if (text == name_of(static_cast<Stream>(i))) return static_cast<Stream>(i);
  return fail(Fault::invalid,
              "a stream is install, silence, health, alerts, attestation or restarts");
}

Result<void> check_gate(const Gate& g) {
  const auto within = [](int value, int low, int high, const char* field) -> Result<void> {
    if (value >= low && value <= high) return {};
    return fail(Fault::invalid,
                "is " + std::to_string(low) + " to " + std::to_string(high) + " permille",
                std::string("/gate/") + field);
  };
  TRY_VOID(within(g.false_halt_permille, 1, 200, "false_halt_permille"));
  TRY_VOID(within(g.miss_permille, 1, 500, "miss_permille"));
  TRY_VOID(within(g.usual_failures_permille, 0, 500, "usual_failures_permille"));
  TRY_VOID(within(g.harm_permille, 1, 500, "harm_permille"));
  TRY_VOID(within(g.control_permille, 0, 500, "control_permille"));
  if (g.silence < std::chrono::seconds(10) || g.silence > std::chrono::hours(24))
    return fail(Fault::invalid, "is 10 seconds to 1 day", "/gate/silence_s");
  if (g.patience < Duration(0) || g.patience > std::chrono::hours(720))
    return fail(Fault::invalid, "is 0 to 30 days", "/gate/patience_s");
  if (g.watched.empty())
    return fail(Fault::invalid, "a gate watches one stream at least", "/gate/streams");
  for (std::size_t i = 0; i < g.watched.size(); ++i)
    if (std::find(g.watched.begin(), g.watched.begin() + static_cast<std::ptrdiff_t>(i),
                  g.watched[i]) != g.watched.begin() + static_cast<std::ptrdiff_t>(i))
      return fail(Fault::invalid, std::string("names ") + name_of(g.watched[i]) + " twice",
                  "/gate/streams");
  return {};
}

// P(on this side | ratio) / P(on this side | 1), the sides being drawn in proportion to their
// devices. It falls with the true ratio on the control's side and rises on the other, so that its
// expectation is at most 1 for every ratio up to 1.
void weigh(Weighed& w, Side side, const AtRisk& at) {
  ++(side == Side::treated ? w.treated : w.control);
  if (at.treated == 0 || at.control == 0) return;  // nothing to compare with
  const auto t = static_cast<double>(at.treated), c = static_cast<double>(at.control);
  for (std::size_t i = 0; i < Weighed::ratios; ++i) {
    const double ratio = hazard_ratios[i];
    w.log_ratio[i] += std::log((t + c) / (ratio * t + c));
    if (side == Side::treated) w.log_ratio[i] += std::log(ratio);
  }
}

Trial::Trial(Gate gate) : gate_(std::move(gate)) {}

bool Trial::watches(Stream s) const {
  return std::find(gate_.watched.begin(), gate_.watched.end(), s) != gate_.watched.end();
}

void Trial::saw(Stream s, Side side, const AtRisk& at) {
  weigh(weighed_[static_cast<std::size_t>(s)], side, at);
}

void Trial::restore(Stream s, const Weighed& w) {
  weighed_[static_cast<std::size_t>(s)] = w;
}

// The mean of three: the installations', the events', and the two multiplied. The product is fair
// too, since they take turns: what an installation comes to is not foretold by events of other
// devices, nor the side of an event by them. What met fewer than three devices speaks for a release
// at most: min(number, 1) keeps the promise.
double Trial::harm(const Installs& installs) const {
  std::array<double, streams> logs{};
  std::size_t n = 0;
  std::size_t hurt = watches(Stream::install) ? installs.hurt : 0;
  for (const Stream s : gate_.watched) {
    if (s == Stream::install) continue;
    logs[n++] = mixed(weighed(s).log_ratio);
    hurt += weighed(s).treated;
  }
  const double install = install_harm(installs, share(gate_.usual_failures_permille));
  const double events = n ? mixed(std::span(logs).first(n)) : never;
  const double all = !watches(Stream::install) ? events
                     : n == 0                  ? install
                              : mixed(std::array{install, events, install + events});
  return hurt < hurt_least ? std::min(all, 0.0) : all;
}

bool Trial::harmful(const Installs& installs) const {
  return harm(installs) >= -std::log(share(gate_.false_halt_permille));
}

Verdict Trial::judge(const Installs& installs, const Sides& sides) const {
  Verdict v;
  v.harm = harm(installs) / std::numbers::ln10;
  v.needed = -std::log10(share(gate_.false_halt_permille));
  const double enough = -std::log10(share(gate_.miss_permille));
  bool all = true;
  for (const Stream s : gate_.watched) {
    const auto& [control, treated] = sides[static_cast<std::size_t>(s)];
    const Weighed& w = weighed(s);
    Evidence e{s, treated.devices, w.treated, control.devices, w.control};
    if (s == Stream::install) {
      const double usual = share(gate_.usual_failures_permille);
      e = {s, installs.tried, installs.hurt};
      e.harm = install_harm(installs, usual) / std::numbers::ln10;
      e.harmless = install_harmless(installs, std::min(0.999, usual + share(gate_.harm_permille))) /
                   std::numbers::ln10;
    } else {
      e.harm = mixed(w.log_ratio) / std::numbers::ln10;
      const double harmful = usual_rate(w.control, control.soaks) + share(gate_.harm_permille);
      e.harmless = event_harmless(w.treated, treated.soaks, harmful) / std::numbers::ln10;
    }
    e.supports = e.harmless >= enough;
    all = all && e.supports;
    v.evidence.push_back(e);
  }
  v.answer = harmful(installs) ? Verdict::Answer::harm
             : all             ? Verdict::Answer::pass
                               : Verdict::Answer::hold;
  v.words = v.answer == Verdict::Answer::harm   ? words_of_harm(v)
            : v.answer == Verdict::Answer::hold ? words_of_hold(v)
                                                : "shown to be harmless by each stream";
  return v;
}

}  // namespace muster::rollout
