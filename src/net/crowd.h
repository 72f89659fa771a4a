// net/crowd -- connections that have not earned their place yet, in the order they came, and which
// of them gives way when there is no room for another.
//
// Who has said nothing goes before who has spoken, the oldest first; a peer's network that holds
// more than a quarter of the room pays before others do. Each is left in peace for a moment, so
// that a crowd of honest clients waits instead of driving each other out. The owner asks make_way()
// when the room is used up. Everything is O(1); one thread, its loop's; time is monotonic_ns().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace muster::net {

class Crowd {
  struct Group;

 public:
  class Member {
   public:
    Member() = default;
    Member(const Member&) = delete;

   protected:
    ~Member() { leave(); }
    void leave();  // harmless outside a crowd
    void speak();  // the first word moves it from the silent to the end of the speaking

   private:
    friend class Crowd;
    virtual void give_way() = 0;  // close: it has left the crowd, and may be destroyed in the call
    // Bytes of its wait for us: that it is late is our doing.
    virtual bool is_owed() const { return false; }

    Crowd* crowd_ = nullptr;
    Group* group_ = nullptr;
    std::list<Member*>::iterator in_all_, in_group_;
    std::int64_t since_ns_ = 0;
    bool spoke_ = false;
  };

  struct Patience {  // how long one is left in peace
    Duration silent = 50ms;
    Duration greedy = 250ms;     // who has spoken, of a network that holds more than its share
    Duration speaking = 1000ms;  // who has spoken
  };

  Crowd(std::size_t room, Patience patience)
      : share_(std::max<std::size_t>(1, room / 4)), patience_(patience) {}
  explicit Crowd(std::size_t room) : Crowd(room, Patience{}) {}
  Crowd(const Crowd&) = delete;

  // Joins as the youngest, or becomes the youngest again. `network` is Stream::peer_network().
  void join(Member&, std::uint64_t network, bool spoke);
  bool make_way();  // closes one; false: there is none that can go yet
  std::size_t size() const { return all_.size(); }

 private:
  struct Lists {
    std::list<Member*> silent, speaking;  // oldest first
    std::list<Member*>& of(bool spoke) { return spoke ? speaking : silent; }
    std::size_t size() const { return silent.size() + speaking.size(); }
  };
  struct Group : Lists {
    std::uint64_t network = 0;
  };
  void remove(Member&);
  bool close_one(std::list<Member*>&, Duration patience, std::int64_t now_ns);

  const std::size_t share_;
  const Patience patience_;
  Lists all_;
  std::unordered_map<std::uint64_t, Group> groups_;
  std::vector<Group*> greedy_;  // fewer than four, while the room's bound is kept
};

}  // namespace muster::net
