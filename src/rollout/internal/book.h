// rollout/book -- all rollouts, who is where in the live ones, and when their next word is due.
//
// A cache of the tables, rebuilt at open. What a call changes in memory it writes in the same call;
// nothing that can fail follows the first write. The domain's thread.
#pragma once

#include <functional>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "rollout/internal/course.h"

namespace muster::rollout {

struct Place {
  Course* course = nullptr;
  std::size_t position = 0;
  Member& member() const { return course->members[position]; }
};

// An entry may be outdated: what counts is Course::deadline() when its time comes.
using Deadline = std::tuple<Instant, RolloutId, std::size_t>;  // the last: a position
using Deadlines = std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>>;

struct Chosen {
  std::vector<DeviceId> targets;  // in order of id
  std::vector<std::pair<DeviceId, std::string>> left_out;
};

struct Rollouts::Book {
  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  release::Releases& releases;
  const Clock& clock;
  Random& random;

  std::map<RolloutId, Course> courses = {};  // never removed, so pointers are good
  std::set<RolloutId> live = {};
  std::unordered_map<std::string_view, Place> places = {};  // keys lie in the members
  Deadlines deadlines = {};
  std::optional<Instant> ticked_at = {};
  std::vector<std::function<void(const DeviceId&)>> offer_listeners = {};
  std::vector<std::function<void(RolloutId, std::string_view)>> progress_listeners = {};
  std::vector<std::string> untold = {};  // steps, recorded

  // the tables (tables.cpp)
  Result<void> load();
  Result<void> load_courses();
  Result<void> load_waves(Course&);
  Result<void> load_members(Course&);
  void insert(store::Writer&, const Course&) const;
  void write(store::Writer&, const Course&) const;  // all but its waves and members
  void write_wave(store::Writer&, const Course&, std::size_t wave) const;
  void write_member(store::Writer&, const Course&, const Member&, std::string_view detail) const;
  std::optional<std::pair<Course*, Member>> ended_member(const DeviceId&,
                                                         const std::string& release);

  // the start (start.cpp)
  Result<Chosen> choose(const Plan&) const;
  std::string why_not(const Plan&, const release::Release&, const inventory::Device&) const;
  Course& new_course(Plan, const std::vector<DeviceId>& targets);
  void take_over(store::Writer&, const Course&);  // from rollouts that have ended but for the late

  // waves (wave.cpp)
  void open_wave(Course&, std::size_t wave);
  void advance(Course&);  // passes waves that may pass, opens the next, ends the rollout
  void judge(store::Writer&, Course&, std::size_t wave);  // after an outcome of the wave changed
  void expire(Course&, Member&);                          // no word in time
  void finish(store::Writer&, Course&, State);

  // offers and reports (offer.cpp)
  // None: the device is unknown. One that leaves is not asked about.
  std::optional<Decision> decide(Course&, Member&, const inventory::Device*);
  std::optional<Decision> decide_back(Course&, Member&);
  void make_offer(Course&, Member&, const inventory::Device&);
  void make_back_offer(Course&, Member&);
  Result<void> hear(Course&, Member&, const std::string& release, Outcome, std::string detail);
  void hear_out(Course&, Member&, Outcome, std::string_view detail);
  void hear_back(Course&, Member&, Outcome, std::string detail);
  void settle(store::Writer&, Course&, const Member&);  // what follows from an outcome that changed

  // the way back (way_back.cpp)
  std::uint32_t origin_of(Course&, const std::string& told) const;
  bool is_way(const Course&, const std::string& release) const;
  void halt(Course&, ledger::Actor, std::string why);
  std::string named_stuck(const Course&) const;

  // when the clock jumps (jump.cpp)
  void notice_jump(Instant now);  // at each tick
  void begin_waits_anew(Course&, Instant now, Duration jump);

  // shared by all
  Result<Course*> find(RolloutId);
  store::Writer& record(const Course&, ledger::Actor, std::string action, wire::Json detail = {},
                        std::string reason = {});
  store::Writer& record(const Course&, const Member&, ledger::Actor, std::string action,
                        wire::Json detail, std::string reason = {});
  void await(const Course&, std::size_t position);  // its deadline, if it has one
  void tell_offer(const Member&) const;
  void tell_progress(const Course&);
};

}  // namespace muster::rollout
