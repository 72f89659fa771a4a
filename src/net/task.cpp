#include "net/task.h"

#include <algorithm>
#include <cstdio>

namespace muster::net {

void internal::die(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    die(e.what());
  } catch (...) {
    die("something that is not a std::exception");
  }
}

void internal::die(const char* bug) {
  std::fprintf(stderr, "bug in a task: %s\n", bug);
  std::terminate();
}

Scope::~Scope() {
  if (live_ != 0) internal::die("a Scope was destroyed before its tasks were joined");
}

void Scope::spawn(Task<void> task) {
  ++live_;
  own(std::move(task));
}

internal::Detached Scope::own(Task<void> task) {
  {
    Task<void> mine = std::move(task);
    co_await std::move(mine);
  }  // the task's frame goes before the joiner may destroy what it refers to
  if (--live_ == 0 && joiner_) std::exchange(joiner_, nullptr).resume();
}

Event::~Event() {
  if (!waiting_.empty()) internal::die("an Event was destroyed while a task waited for it");
  loop_.forget(this);
}

void Event::set() {
  if (set_) return;
  set_ = true;
  if (!waiting_.empty()) loop_.at_turn_end(this);
}

void Event::on_turn_end() {
  while (!waiting_.empty()) {
    Wait* first = waiting_.front();
    waiting_.erase(waiting_.begin());
    const bool last = waiting_.empty();
    loop_.cancel(first->timer_);
    std::exchange(first->who_, nullptr).resume();
    if (last) return;  // the last one to go on may have destroyed the event
  }
}

void Event::Wait::await_suspend(std::coroutine_handle<> who) {
  who_ = who;
  event_.waiting_.push_back(this);
  if (!limit_) return;
  timer_ = event_.loop_.after(*limit_, [this] {
    std::erase(event_.waiting_, this);
    std::exchange(who_, nullptr).resume();
  });
}

Event::Wait::~Wait() {
  if (!who_) return;  // never waited, or went on
  event_.loop_.cancel(timer_);
  std::erase(event_.waiting_, this);
}

}  // namespace muster::net
