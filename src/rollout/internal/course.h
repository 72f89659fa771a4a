// rollout/course -- one rollout in memory: where it stands, its targets, and counts that follow
// each change so that nothing is ever scanned for them. Pure; time is handed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  Instant since;                  // its last offer or word
  std::uint32_t origin = 0;       // in Course::origins: what it ran when the offer was made
  std::uint8_t wave = 0;
  Outcome outcome = Outcome::waiting;
  Leg leg = Leg::out;
  bool sick = false;  // the release failed on it
};

struct Origin {
  std::string release;  // empty: from the factory
  bool way = false;     // a device that has the plan's release may be told to run this one again
};

struct Course {
  RolloutId id;
  Plan plan;
  std::uint64_t seed = 0;  // of the order of the targets
  State state = State::running;
  std::size_t wave = 0;
  std::string reason;
  Instant started_at, resumed_at, turned_at;
  Instant anew_at;  // no wait is counted from before: the clock jumped then
  std::optional<Instant> ended_at;
  std::vector<WaveProgress> waves;
  std::vector<Instant> settled_at;  // of each wave: its last outcome, once all had one
  std::vector<Member> members;      // by position; of an ended rollout only who is still late
  std::vector<Origin> origins;
  std::size_t unsettled = 0;  // members that are to go back and have not ended their way

  bool live() const { return !ended_at; }
  bool moving() const { return state == State::running || state == State::paused; }
  bool opened(const Member&) const;                      // its wave
  bool took(const Member&) const;                        // runs the release, or may
  bool goes_back(const Member&) const;                   // took it, and there is a way back
  bool is_due(const Member&) const;                      // goes back, and has not been told
  std::optional<Instant> deadline(const Member&) const;  // for its next word, if one is awaited
  bool complete(std::size_t wave) const;                 // each of its targets has an outcome
  bool sick(std::size_t wave) const;                     // beyond its tolerance
  Progress progress() const;
  std::size_t position_of(const Member& m) const {
    return static_cast<std::size_t>(&m - members.data());
  }

  void count(const Member&);  // for a member that is new to the counts
  template <class Change>
  void change(Member& m, Change&& how) {
    uncount(m);
    how();
    count(m);
  }

 private:
  bool is_unsettled(const Member&) const;
  void uncount(const Member&);
};

}  // namespace muster::rollout
