#include "net/crowd.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

using namespace muster;
using net::Crowd;

namespace {

struct Guest final : Crowd::Member {
  Guest(std::string& leavers, char n) : gone(leavers), name(n) {}
  using Member::leave;
  using Member::speak;
  void give_way() override { gone += name; }
  bool is_owed() const override { return owed; }
  std::string& gone;
  char name;
  bool owed = false;
};

struct Hall {
  explicit Hall(std::size_t room, Crowd::Patience patience = {0ms, 0ms, 0ms})
      : crowd(room, patience) {}
  Guest& enter(char name, std::uint64_t network, bool spoke = false) {
    guests.push_back(std::make_unique<Guest>(gone, name));
    crowd.join(*guests.back(), network, spoke);
    return *guests.back();
  }
  std::string clear() {
    while (crowd.make_way()) {
    }
    return gone;
  }
  Crowd crowd;
  std::string gone;
  std::vector<std::unique_ptr<Guest>> guests;
};

}  // namespace

TEST_CASE("the silent give way before those who have spoken, and the oldest first") {
  Hall hall(100);
  hall.enter('a', 1).speak();
  hall.enter('b', 2);
  hall.enter('c', 3);
  hall.enter('d', 4, true);
  CHECK(hall.clear() == "bcad");
  CHECK(hall.crowd.size() == 0);
}

TEST_CASE(
    "a network that holds more than a quarter of the room gives way first, and to its share") {
  Hall hall(8);
  hall.enter('a', 1, true);
  hall.enter('b', 2, true);
  for (char name : {'v', 'w', 'x', 'y'}) hall.enter(name, 3, true);
  CHECK(hall.clear() == "vwabxy");
}

TEST_CASE("nobody gives way in its first moment, nor while what it said waits for us") {
  Hall patient(8, {1h, 1h, 1h});
  patient.enter('a', 1);
  CHECK(patient.clear().empty());
  Hall hall(8);
  Guest& owed = hall.enter('a', 1);
  owed.owed = true;
  hall.enter('b', 2);
  CHECK(hall.clear() == "b");
  owed.owed = false;
  CHECK(hall.clear() == "ba");
}

TEST_CASE("who left, or is gone, is not asked to give way") {
  Hall hall(8);
  hall.enter('a', 1).leave();
  hall.enter('b', 1);
  hall.guests.pop_back();
  hall.enter('c', 1);
  CHECK(hall.crowd.size() == 1);
  CHECK(hall.clear() == "c");
}
