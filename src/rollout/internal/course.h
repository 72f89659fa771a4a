// rollout/internal/course -- one rollout in memory: where it stands, its targets, and counts that
// follow each change so that nothing is ever scanned for them. Pure; time is handed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "rollout/internal/zone.h"
#include "rollout/rollout.h"

namespace muster::rollout {

// Where a target is on its way. Stored as numbers: add at the end only.
enum class Leg : std::uint8_t {
  out,   // on the way to the release, or done with it
  back,  // offered the release it came from
  late,  // said nothing about that until the deadline; the offer stands
  over,  // the way back ended: it said how, or a later rollout took over
};

struct Member {
  DeviceId device;
  std::uint64_t number = 0;       // of the offer made; 0: none
  std::uint64_t back_number = 0;  // of the way back offered; 0: none
  Instant since;  // its last offer or word; of one that waits: until then it was held back
  std::uint16_t origin = 0;  // in Course::origins: what it ran when the offer was made
  std::uint16_t site = 0;    // in Course::sites
  std::uint8_t wave = 0;
  Outcome outcome = Outcome::waiting;
  Leg leg = Leg::out;
  std::uint8_t seen : streams = 0;  // evidence it has given, a bit a stream: each counts once
  bool sick : 1 = false;            // the release failed on it
  bool here : 1 = false;            // it had a session since the rollout began
};
static_assert(sizeof(Member) == 64);  // a million of them

struct Origin {
  std::string release;  // empty: from the factory
  bool way = false;     // a device that has the plan's release may be told to run this one again
};

struct Site {  // the first one is the whole rollout
  std::string name;
  std::int64_t next_us = 0;   // since 1970: the next offer is due then, by the rate
  std::size_t under_way = 0;  // between offer and outcome
};

struct Course {
  RolloutId id;
  Plan plan;
  std::uint64_t seed = 0;  // of the order of the targets
  State state = State::running;
  std::size_t wave = 0;
  std::string reason;
  Instant started_at, resumed_at, turned_at;  // turned: when the way back last opened a wave
  Instant anew_at;  // no wait is counted from before: the clock jumped then
  std::optional<Instant> ended_at;
  std::vector<WaveProgress> waves;
  std::vector<Instant> settled_at;  // of each wave: its last outcome, once all had one
  std::vector<Member> members;      // by position; of an ended rollout only who is still late
  std::vector<Origin> origins;
  std::size_t unsettled = 0;  // members that are to go back and have not ended their way

  // the gate
  std::optional<Trial> trial;
  Installs installs;
  std::array<AtRisk, streams> at_risk{};
  std::array<std::int64_t, streams> since_ms{};  // summed over who is at risk with the release
  bool holding = false;
  Instant awake_at;                               // since when sessions are heard of
  bool swept = true;                              // who did not come back after a restart is silent
  std::unordered_map<std::size_t, Instant> away;  // by position: its session ended then

  // limits, windows and the waves of the way back
  std::vector<Site> sites{Site{}};
  std::unordered_map<std::string, std::uint16_t> site_numbers;
  std::vector<Zone> zones;                    // of the plan's windows
  Instant held_at;                            // when a limit last held somebody back
  std::size_t cursor = 0;                     // who was held back is told from here
  std::size_t back_wave = 0, back_until = 0;  // open waves of the way back; the positions they hold
  std::size_t back_going = 0, back_open = 0;  // who goes back: all; in the open waves, not settled
  std::size_t back_failed = 0;                // who could not, or said nothing
  bool back_held = false;

  bool live() const { return !ended_at; }
  bool moving() const { return state == State::running || state == State::paused; }
  bool paced() const;                // by limits or windows
  bool opened(const Member&) const;  // its wave
  bool opened_wave(std::size_t i) const { return waves[i].state != WaveState::waiting; }
  bool took(const Member&) const;                         // runs the release, or may
  bool goes_back(const Member&) const;                    // took it, and there is a way back
  bool is_due(const Member&) const;                       // goes back, may, and has not been told
  std::optional<Instant> deadline(const Member&) const;   // for its next word, if one is awaited
  bool complete(std::size_t wave) const;                  // each of its targets has an outcome
  bool sick(std::size_t wave) const;                      // beyond its tolerance, where that counts
  bool evidence_counts(std::size_t wave) const;           // it has a gate, and is not small
  std::optional<Side> side(const Member&, Stream) const;  // on which it is at risk now
  Verdict verdict(Instant now) const;                     // with a trial only
  Progress progress(Instant now) const;
  std::size_t position_of(const Member& m) const {
    return static_cast<std::size_t>(&m - members.data());
  }
  std::uint16_t site_of(const inventory::Device&);

  void count(const Member&);  // for a member that is new to the counts
  template <class Change>
  void change(Member& m, Change&& how) {
    uncount(m);
    how();
    count(m);
  }
  void open_back(std::size_t until);  // positions below may be told to go back
  bool is_unsettled(const Member&) const;

 private:
  void uncount(const Member&);
  void tally(const Member&, std::size_t by);
};

}  // namespace muster::rollout
