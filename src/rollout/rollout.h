// rollout -- moves a fleet from one release to the next, one wave at a time, and back when the
// evidence says so.
//
// The engine never talks to a device. It answers one question, "what should this device run?", and
// listens to what the device says became of it. A device that says nothing until its deadline
// counts as failed. When more of a wave fails than its tolerance allows, the rollout halts, and
// every device that took the release is offered the one it came from. Every decision is in the
// ledger before it is returned, so a restart resumes mid-wave.
//
// An offer counts from the moment offer() answered it to the device. A device of an open wave that
// does not come to ask has as long, from the wave's opening (or the last resume): a wave does not
// hang on who is switched off. It is still offered the release when it comes while the rollout
// lasts, and a late word moves the counts. What is heard of a device only moves forward (installed,
// failed, reverted): an old word that comes again changes nothing.
//
// There is no way back to factory firmware, which is no release, nor below the floor of the
// release; who is left on it is named in the reason. A device that stays silent on its way back
// keeps that offer after the rollout has ended, until a later rollout takes it over.
//
// With a gate (gate.h) evidence decides in place of the tolerance, and the way back has waves and a
// rate of its own; who is merely offered the release loses the offer at once. In a plan with limits
// or windows nobody is silent whom they hold back. What a gate compares are devices that have been
// here since the rollout began. After a restart of the controller each device has the gate's
// silence to come back, before it is silent.
//
// Domain thread only. Time comes from the Clock, the order of canaries from the Random; nothing
// here sleeps.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "release/release.h"
#include "rollout/plan.h"
#include "rollout/proposal.h"
#include "store/store.h"

namespace muster::rollout {

// running → paused ⇄ running; → reverting → reverted, or → halted when there is no way back to
// offer; → done.
enum class State { running, paused, halted, reverting, done, reverted };
// soaking: each target has an outcome; failed: beyond its tolerance, or the rollout was halted in
// it
enum class WaveState { waiting, open, soaking, passed, failed };
// overtaken: an emergency patch took the device over; it says nothing about this release.
enum class Outcome : std::uint8_t {
  waiting,
  offered,
  installed,
  failed,
  reverted,
  silent,
  overtaken
};
inline constexpr std::size_t outcomes = 7;
const char* name_of(State);
const char* name_of(WaveState);
const char* name_of(Outcome);

struct WaveProgress {
  Wave wave;
  WaveState state = WaveState::waiting;
  std::optional<Instant> opened_at;
  std::size_t targets = 0;
  std::size_t offered = 0;    // offers made, whatever became of them
  std::size_t installed = 0;  // run the release now
  std::size_t failed = 0;     // on which the release failed, whether or not they are back by now
  std::size_t reverted = 0;   // back on what they ran before, by themselves or by the way back
  std::size_t silent = 0;     // no word until the deadline
  std::array<std::size_t, rollout::outcomes> outcomes{};  // each target once, by its Outcome now
};

struct Progress {
  RolloutId id;
  Plan plan;
  State state = State::running;
  std::size_t wave = 0;  // the current one
  std::string reason;    // of the last pause, halt or failure
  Instant started_at;
  std::optional<Instant> ended_at;
  std::vector<WaveProgress> waves;
  std::optional<Verdict> gate;  // its evidence now; of a plan with a gate, until it ends
  bool holding = false;         // the current wave has soaked, and its gate waits for evidence
  std::size_t back_wave = 0;    // of the way back: how many of its waves are open
  bool back_held = false;       // too many fail on their way back; resume() goes on
};

struct Target {
  DeviceId device;
  std::size_t wave = 0;
  Outcome outcome = Outcome::waiting;
  std::string detail;
  std::optional<Instant> at;  // of its last offer or word
};

struct Decision {  // what a device should run, and the number that orders it
  std::string release;
  std::uint64_t number = 0;  // strictly rising per device
  bool back = false;
};

struct PreviewWave {
  std::size_t targets = 0;
  std::vector<DeviceId> first;  // at most 100, in the order of the draw
  Instant earliest;             // at which it may open, if each earlier one goes at its best
};

struct Preview {
  std::vector<std::size_t> wave_sizes;
  std::vector<std::pair<DeviceId, std::string>> left_out;  // and why; at most 1,000
  std::size_t targets = 0;
  std::vector<PreviewWave> waves = {};
  std::uint64_t seed = 0;  // start with it to get this draw
  std::vector<std::pair<DeviceId, RolloutId>> overtaken =
      {};  // by an emergency patch; at most 1,000
};

class Rollouts {
 public:
  static Result<Rollouts> open(store::Store&, ledger::Ledger&, inventory::Inventory&,
                               release::Releases&, const Clock&, Random&);
  Rollouts(Rollouts&&) noexcept;
  ~Rollouts();

  Result<Preview> preview(const Plan&) const;
  Result<RolloutId> start(
      Plan, ledger::Actor);  // conflict when a target is in another live rollout, named
  // Two persons. A plan that is proposed waits; whoever did not write it approves it by its digest,
  // and it starts. A change makes it another plan, of another author, which nobody has approved.
  Result<ProposalId> propose(Plan, ledger::Actor);
  Result<void> amend(ProposalId, Plan, ledger::Actor);
  Result<RolloutId> approve(ProposalId, std::string_view digest, ledger::Actor);
  Result<void> withdraw(ProposalId, ledger::Actor, std::string why);
  Result<Proposal> proposal(ProposalId) const;
  std::vector<Proposal> proposals(std::size_t limit) const;  // newest first
  void need_approval(bool);  // start() refuses; before the first question
  bool needs_approval() const;

  Result<void> pause(RolloutId, ledger::Actor,
                     std::string why);  // no new offers; those made still count
  Result<void> resume(RolloutId, ledger::Actor);
  Result<void> halt(RolloutId, ledger::Actor, std::string why);  // final; offers the way back

  Result<Progress> progress(RolloutId) const;
  std::vector<Progress> list(std::size_t limit) const;  // newest first
  Result<std::vector<Target>> targets(RolloutId, std::optional<Outcome>, std::string_view after,
                                      std::size_t limit) const;

  std::optional<Decision> offered(const DeviceId&) const;  // what offer() answered and still would
  // Of the live rollout that has this device among its targets.
  std::optional<State> state_for(const DeviceId&) const;
  std::optional<Decision> offer(
      const DeviceId&);  // none: stay as you are. The first answer counts as the offer made
  Result<void> report(const DeviceId&, std::string_view release, Outcome,
                      std::string detail);  // installed, failed or reverted; repeats are harmless
  // What was seen of a device, as evidence for the gate of its rollout; nothing where there is
  // none.
  void saw(const DeviceId&, Stream);
  void presence(const DeviceId&, bool online);
  void tick();  // deadlines, soaks, next waves; call it each second

  void on_offer(std::function<void(const DeviceId&)>);  // offer() has a new answer for this device;
                                                        // called inside the command
  // Something a watcher would see. step: the name under which the ledger has what the rollout as a
  // whole did ("rollout.halted"); empty when it was one of its devices or waves.
  void on_progress(std::function<void(RolloutId, std::string_view step)>);

 private:
  struct Book;
  explicit Rollouts(std::unique_ptr<Book>);
  std::unique_ptr<Book> book_;
};

}  // namespace muster::rollout
