// net/task -- coroutines for the clients' side: a Task<T> runs when awaited and belongs to who
// awaits it.
//
// Rules (clang only, docs/adr/0001-compiler.md): parameters by value; coroutine lambdas capture
// nothing; every task is awaited or belongs to a Scope, which joins it; an exception is a bug and
// ends the program with its message. Everything here stays on one loop's thread. A task that is
// destroyed while it waits unwinds cleanly: its timers and events forget it.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"

namespace muster::net {

template <class T = void>
class Task;

namespace internal {

[[noreturn]] void die(std::exception_ptr);  // says what it was, then std::terminate
[[noreturn]] void die(const char* bug);

struct PromiseOfAny {
  std::coroutine_handle<> continuation;
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      auto next = self.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() { die(std::current_exception()); }
};

template <class T>
struct Promise : PromiseOfAny {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U = T>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseOfAny {
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

struct Detached {  // runs at once and frees itself at its end
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { die(std::current_exception()); }
  };
};

}  // namespace internal

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::Promise<T>;
  explicit Task(std::coroutine_handle<promise_type> h) : handle_(h) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() && noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> who) noexcept {
        handle.promise().continuation = who;
        return handle;
      }
      T await_resume() { return handle.promise().take(); }
    };
    return Awaiter{handle_};
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> internal::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> internal::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// Owns tasks that run side by side. Destroying a Scope whose tasks have not all ended is a bug and
// terminates: join() first.
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  ~Scope();
  void spawn(Task<void>);  // runs it at once, up to its first wait
  auto join() {            // waits until every task has ended; one joiner
    struct Awaiter {
      Scope& scope;
      bool await_ready() noexcept { return scope.live_ == 0; }
      void await_suspend(std::coroutine_handle<> who) noexcept { scope.joiner_ = who; }
      void await_resume() noexcept {}
    };
    return Awaiter{*this};
  }
  std::size_t live() const { return live_; }

 private:
  internal::Detached own(Task<void>);
  std::size_t live_ = 0;
  std::coroutine_handle<> joiner_;
};

class [[nodiscard]] Sleep {
 public:
  Sleep(Loop& loop, Duration d) : loop_(loop), duration_(d) {}
  Sleep(const Sleep&) = delete;
  ~Sleep() { loop_.cancel(timer_); }
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> who) {
    timer_ = loop_.after(duration_, [who] { who.resume(); });
  }
  void await_resume() noexcept {}

 private:
  Loop& loop_;
  Duration duration_;
  Loop::TimerId timer_;
};
inline Sleep sleep(Loop& loop, Duration d) {  // co_await sleep(loop, 5s);
  return {loop, d};
}

// Happens once. set() on the loop's thread (from another: loop.post([&]{ event.set(); }));
// those who wait go on at the end of the turn, never inside set().
class Event final : private Loop::TurnEnd {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  Event(const Event&) = delete;
  ~Event();  // nobody may be waiting
  void set();
  bool is_set() const { return set_; }

  class [[nodiscard]] Wait {
   public:
    Wait(Event& event, std::optional<Duration> limit) : event_(event), limit_(limit) {}
    Wait(const Wait&) = delete;
    ~Wait();
    bool await_ready() noexcept { return event_.set_; }
    void await_suspend(std::coroutine_handle<>);
    bool await_resume() noexcept { return event_.set_; }

   private:
    friend class Event;
    Event& event_;
    std::optional<Duration> limit_;
    Loop::TimerId timer_;
    std::coroutine_handle<> who_;
  };
  Wait operator co_await() { return Wait(*this, std::nullopt); }
  Wait within(Duration limit) { return Wait(*this, limit); }  // true: it happened; false: too late

 private:
  void on_turn_end() override;
  Loop& loop_;
  bool set_ = false;
  std::vector<Wait*> waiting_;
};

// For programs and tests: drives the loop until the task has ended. A stop() meanwhile is ignored.
template <class T>
T run(Loop& loop, Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    bool done = false;
    [](Loop* l, Task<void> t, bool* flag) -> internal::Detached {
      co_await std::move(t);
      *flag = true;
      l->stop();
    }(&loop, std::move(task), &done);
    while (!done) loop.run();
  } else {
    std::optional<T> result;
    [](Loop* l, Task<T> t, std::optional<T>* out) -> internal::Detached {
      out->emplace(co_await std::move(t));
      l->stop();
    }(&loop, std::move(task), &result);
    while (!result) loop.run();
    return std::move(*result);
  }
}

}  // namespace muster::net
