// muster-agent/signals -- SIGTERM and SIGINT as work on a loop, and the lock of a state folder.
// Loop thread.
#pragma once

#include <filesystem>

#include <functional>
#include <utility>

#include "base/result.h"
#include "net/loop.h"

namespace muster {

// Blocks both signals for the process; make it before any thread. The work runs for each.
class Signals final : private net::Loop::Watcher {
 public:
  Signals(net::Loop&, std::move_only_function<void()>);
  Signals(const Signals&) = delete;
  ~Signals();

 private:
  void on_ready(std::uint32_t) override;
  net::Loop& loop_;
  std::move_only_function<void()> told_;
  int fd_;
};

// A file that only one process holds at a time; let go at its end, whatever the end.
class Held {
 public:
  static Result<Held> take(const std::filesystem::path&);
  Held(Held&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Held& operator=(Held&&) = delete;
  ~Held();

 private:
  explicit Held(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace muster
