// net/test_until -- for tests, of this module and of those above it: runs a loop until something
// has happened. The loop's thread.
#pragma once

#include <functional>

#include "net/loop.h"

namespace muster::net {

// False when it has not happened in a minute: that is for what never happens, not for a slow
// machine.
inline bool until(Loop& loop, const std::function<bool()>& done) {
  bool late = false;
  const auto limit = loop.after(60s, [&] { late = true; });
  Loop::TimerId next;
  std::function<void()> look = [&] {
    if (done() || late) return loop.stop();
    next = loop.after(1ms, look);
  };
  while (!done() && !late) {
    loop.cancel(next);
    next = loop.after(0ms, look);
    loop.run();
  }
  loop.cancel(next);
  loop.cancel(limit);
  return !late;
}

}  // namespace muster::net
