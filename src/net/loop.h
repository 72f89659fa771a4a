// net/loop -- one thread's event loop: descriptors, timers, and work posted from other threads.
//
// Everything that belongs to a loop (streams, servers, clients) is made, used and destroyed on its
// thread; post() and stop() alone may be called from any thread. Callbacks never run inside the
// call that registered them. At the end of each turn the loop runs what defer() was given, which is
// how many small writes become one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"

namespace muster::net {

using Work = std::move_only_function<void()>;

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;

  void run();         // until stop()
  void stop();        // any thread, also from a signal handler
  void post(Work);    // any thread; in order per caller
  void defer(Work);   // at the end of this turn
  bool here() const;  // whether the caller is on this loop's thread

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

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::net
