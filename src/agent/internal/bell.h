// agent/internal/bell -- wakes one waiting task, again and again; net::Event happens only once.
//
// A ring that nobody waits for is kept for the next wait(). One waiter; its loop's thread.
#pragma once

#include <optional>
#include <utility>

#include "base/clock.h"
#include "net/loop.h"
#include "net/task.h"

namespace muster::agent {

class Bell {
 public:
  explicit Bell(net::Loop& loop) : loop_(loop) {}
  Bell(const Bell&) = delete;

  void ring() {
    rung_ = true;
    if (event_) event_->set();
  }
  void hush() { rung_ = false; }          // forgets a ring nobody waited for
  net::Task<bool> wait(Duration limit) {  // false: too late
    if (!rung_) {
      event_.emplace(loop_);
      co_await event_->within(limit);
      event_.reset();
    }
    co_return std::exchange(rung_, false);
  }

 private:
  net::Loop& loop_;
  std::optional<net::Event> event_;
  bool rung_ = false;
};

}  // namespace muster::agent
