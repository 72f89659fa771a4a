// net/internal/test_until -- for tests: runs a loop until something has happened.
#pragma once

#include <functional>

#include "net/loop.h"

namespace muster::net::internal {

// False when it has not happened in 20 s.
inline bool until(Loop& loop, const std::function<bool()>& done) {
  bool late = false;
  const auto limit = loop.after(20s, [&] { late = true; });
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

}  // namespace muster::net::internal
