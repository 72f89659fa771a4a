#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace muster;
using namespace muster::net;

TEST_CASE("timers run in the order of their times, equal ones in the order they were made") {
  Loop loop;
  std::string order;
  loop.after(20ms, [&] {
    order += 'd';
    loop.stop();
  });
  loop.after(0ms, [&] { order += 'a'; });
  loop.after(5ms, [&] { order += 'c'; });
  loop.after(0ms, [&] { order += 'b'; });
  loop.run();
  CHECK(order == "abcd");
}

TEST_CASE("a cancelled timer never runs, and cancelling twice or late is harmless") {
  Loop loop;
  bool ran = false;
  auto first = loop.after(1ms, [&] { ran = true; });
  auto second = loop.after(2ms, [&] {});
  loop.cancel(first);
  loop.cancel(first);
  loop.after(5ms, [&] {
    loop.cancel(second);
    loop.stop();
  });
  loop.run();
  CHECK_FALSE(ran);
}

TEST_CASE("many cancelled timers do not pile up and the rest still run") {
  Loop loop;
  int ran = 0;
  for (int i = 0; i < 10'000; ++i) loop.cancel(loop.after(10min, [&] { ++ran; }));
  loop.after(1ms, [&] {
    ++ran;
    loop.stop();
  });
  loop.run();
  CHECK(ran == 1);
}

TEST_CASE("a timer made by a timer waits for the next turn") {
  Loop loop;
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds == 3) return loop.stop();
    loop.after(0ms, again);
    CHECK(rounds < 3);
  };
  loop.after(0ms, again);
  loop.run();
  CHECK(rounds == 3);
}

TEST_CASE("work posted from another thread runs on the loop in the order it was posted") {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i)
      loop.post([&, i] {
        CHECK(loop.here());
        seen.push_back(i);
      });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  REQUIRE(seen.size() == 1000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("deferred work runs at the end of the turn, after everything posted") {
  Loop loop;
  std::string order;
  loop.post([&] {
    loop.defer([&] { order += "deferred "; });
    order += "first ";
  });
  loop.post([&] { order += "second "; });
  loop.after(5ms, [&] { loop.stop(); });
  loop.run();
  CHECK(order == "first second deferred ");
}

TEST_CASE("stop before run ends the loop after one turn, with what was posted done") {
  Loop loop;
  bool ran = false;
  loop.post([&] { ran = true; });
  loop.stop();
  loop.run();
  CHECK(ran);
}

TEST_CASE("a watcher forgotten while its event is already fetched is not called") {
  struct Reader final : Loop::Watcher {
    explicit Reader(Loop& l) : loop(l) {
      REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
      REQUIRE(::write(ends[1], "x", 1) == 1);
      loop.watch(ends[0], EPOLLIN, this);
    }
    ~Reader() {
      ::close(ends[0]);
      ::close(ends[1]);
    }
    void on_ready(std::uint32_t) override {
      ++calls;
      loop.forget(ends[0], this);
      other->loop.forget(other->ends[0], other);
      loop.stop();
    }
    Loop& loop;
    Reader* other = nullptr;
    int ends[2];
    int calls = 0;
  };
  Loop loop;
  Reader a(loop), b(loop);
  a.other = &b;
  b.other = &a;
  loop.run();
  CHECK(a.calls + b.calls == 1);
}

TEST_CASE("who asked for the end of the turn and went away is not called") {
  struct Asker final : Loop::TurnEnd {
    void on_turn_end() override { ++calls; }
    int calls = 0;
  };
  Loop loop;
  Asker stays, goes;
  loop.post([&] {
    loop.at_turn_end(&goes);
    loop.at_turn_end(&stays);
    loop.at_turn_end(&stays);
    loop.forget(&goes);
    loop.stop();
  });
  loop.run();
  CHECK(stays.calls == 1);
  CHECK(goes.calls == 0);
}
