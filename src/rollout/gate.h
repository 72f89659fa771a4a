// rollout/gate -- does a release hurt? Evidence for and against, from what is seen of devices that
// have it and of devices that wait for it, by tests that may be looked at after each observation.
//
// Against it. Each stream carries an e-process: a number that starts at 1 and, if the release is
// harmless, is not expected to rise. Installations are compared with the declared usual share of
// failures. All else is compared with the control, the targets that wait: when something happens
// to a device for the first time, the number is multiplied by how much better a hazard ratio above
// one foretells on which side it happened (Cox's partial likelihood, mixed over ratios). So an
// outage or a hot day that meets both sides is no evidence, however large it is. What decides is
// the mean of the installations' number, of the mean of the others', and of the product of the
// two; nothing is decided before three devices were hurt. By Ville's inequality the chance that a
// harmless release is ever halted, however often one looks, is at most false_halt_permille.
//
// That is a promise for waves that are drawn by lot. A ring that people chose differs from the rest
// before it is updated, and its evidence is as good as the choice.
//
// For it. The same turned round: against a release that hurts harm_permille of its devices more
// than usual within one soak. A wave passes on evidence once each stream says so at miss_permille,
// or, when that never comes, by the plan's rule.
//
// Pure values: no clock, no store, no chance; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace muster::rollout {

// Stored as numbers: add at the end only.
enum class Stream : std::uint8_t {
  install,      // it failed, went back by itself, or said nothing until its deadline
  silence,      // it went away and stayed away, or stopped to report
  health,       // a finding about what it reports
  alerts,       // an incident
  attestation,  // it booted something that it should not
  restarts,     // its session ended: a reboot, a crash, a lost line
};
inline constexpr std::size_t streams = 6;
const char* name_of(Stream);
Result<Stream> parse_stream(std::string_view);

enum class Otherwise : std::uint8_t { pass, pause };

struct Gate {                        // as a plan declares it
  int false_halt_permille = 10;      // of harmless releases, over a whole rollout; 1 to 200
  int miss_permille = 50;            // of harmful ones, per wave that passes on evidence; 1 to 500
  int usual_failures_permille = 20;  // of installations, whatever the release; 0 to 500
  int harm_permille = 20;            // of devices, beyond what is usual, in one soak; 1 to 500
  int control_permille = 20;         // of the targets, drawn by lot and updated last; 0 to 500
  std::size_t small_wave = 50;       // below it the wave's tolerance counts as well
  Duration silence = std::chrono::minutes(5);  // away for longer is silence; 10 s to 1 day
  Duration patience = std::chrono::hours(1);   // for evidence, after the soak; at most 30 days
  Otherwise otherwise = Otherwise::pass;       // when patience ends without evidence
  std::vector<Stream> watched = {Stream::install, Stream::silence,     Stream::health,
                                 Stream::alerts,  Stream::attestation, Stream::restarts};
  bool operator==(const Gate&) const = default;
};
Result<void> check_gate(const Gate&);

enum class Side : std::uint8_t { control, treated };

struct AtRisk {  // how many devices this could have happened to at this moment, itself included
  std::size_t treated = 0, control = 0;
};

struct Weighed {  // one stream, as it stands; stored as it is
  static constexpr std::size_t ratios = 7;
  std::size_t treated = 0, control = 0;  // events on either side
  std::array<double, ratios> log_ratio{};
  bool operator==(const Weighed&) const = default;
};
void weigh(Weighed&, Side, const AtRisk&);  // an event

struct Installs {  // outcomes so far
  std::size_t tried = 0, hurt = 0;
};

struct Exposure {  // one side of one stream, for the evidence that the release is harmless
  std::size_t devices = 0;
  double soaks = 0;  // device-time under observation, in soaks
};

struct Evidence {  // one stream, for a person
  Stream stream = Stream::install;
  std::size_t treated = 0, treated_events = 0, control = 0, control_events = 0;
  double harm = 0;      // log10 of the evidence that it hurts
  double harmless = 0;  // log10 of the evidence that it does not
  bool supports = false;
};

struct Verdict {
  enum class Answer { hold, pass, harm } answer = Answer::hold;
  double harm = 0;    // log10, all streams together
  double needed = 0;  // log10 at which it halts
  std::vector<Evidence> evidence;
  std::string words;  // the evidence that decided, or that is missing
};

class Trial {  // one rollout under its gate
 public:
  explicit Trial(Gate);
  const Gate& gate() const { return gate_; }
  bool watches(Stream) const;
  void saw(Stream, Side, const AtRisk&);  // not of install
  const Weighed& weighed(Stream s) const { return weighed_[static_cast<std::size_t>(s)]; }
  void restore(Stream, const Weighed&);
  bool harmful(const Installs&) const;  // cheap: after each observation

  using Sides = std::array<std::array<Exposure, 2>, streams>;  // by stream, then by side
  Verdict judge(const Installs&, const Sides&) const;

 private:
  double harm(const Installs&) const;  // natural log, merged
  Gate gate_;
  std::array<Weighed, streams> weighed_{};
};

}  // namespace muster::rollout
