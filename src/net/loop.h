// net/loop -- one thread's event loop: descriptors, timers, and work posted from other threads.
//
// Everything that belongs to a loop (streams, servers, clients) is made, used and destroyed on its
// thread; post() and stop() alone may be called from any thread. Callbacks never run inside the
// call that registered them. At the end of each turn the loop runs what defer() was given, which is
// how many small writes become one. A Loop makes the process ignore SIGPIPE: a vanished peer is an
// error of write(2), never a signal. Time is monotonic_ns(); what the kernel refuses to make
// (descriptors exhausted at the start) is thrown as std::system_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/result.h"

namespace muster::net {

using Work = std::move_only_function<void()>;

class Loop {
 public:
  Loop();
  ~Loop();  // destroys work that has not run
  Loop(const Loop&) = delete;

  void run();         // until stop(); a stop() before run() ends it after one turn
  void stop();        // any thread, also from a signal handler
  void post(Work);    // any thread; in order per caller
  void defer(Work);   // at the end of this turn
  bool here() const;  // whether the caller is on this loop's thread: who runs it, or who made it

  struct TimerId {
    std::uint64_t number = 0;
  };
  TimerId after(Duration, Work);  // monotonic time; O(log n)
  void cancel(TimerId);           // harmless when it already ran

  // Watches a descriptor for EPOLLIN / EPOLLOUT (level triggered). The pointer stays valid until
  // forget().
  struct Watcher {
    virtual void on_ready(std::uint32_t events) = 0;

   protected:
    ~Watcher() = default;
  };
  void watch(int fd, std::uint32_t events, Watcher*);
  void change(int fd, std::uint32_t events, Watcher*);
  void forget(int fd, Watcher*);

  // Like defer(), for who asks often: nothing is allocated, and asking twice in a turn is once.
  // The pointer stays valid until on_turn_end() or forget().
  struct TurnEnd {
    virtual void on_turn_end() = 0;

   protected:
    ~TurnEnd() = default;

   private:
    friend class Loop;
    static constexpr std::uint32_t nowhere = UINT32_MAX;
    std::uint32_t slot_ = nowhere;
  };
  void at_turn_end(TurnEnd*);
  void forget(TurnEnd*);

  // 64 KiB to read into; the contents last until the callback that asked returns.
  std::span<std::uint8_t> scratch();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::net
