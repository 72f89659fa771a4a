#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

namespace muster::net {
namespace {

struct Due {
  std::int64_t at;  // monotonic nanoseconds
  std::uint64_t number;
  bool operator<(const Due& other) const {  // a max-heap's order, turned round: earliest on top
    return at != other.at ? at > other.at : number > other.number;
  }
};

int made(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

// Of a thousand connections none is in the cache when its turn comes: fetch the next one's first
// lines while this one is served.
void fetch_ahead(const void* one) {
  if (!one) return;
  const char* at = static_cast<const char*>(one);
  for (int line = 0; line < 4; ++line) __builtin_prefetch(at + 64 * line);
}

}  // namespace

struct Loop::State {
  int epoll = made(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  int wake = made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  std::atomic<bool> stopping{false};
  std::atomic<std::thread::id> thread{std::this_thread::get_id()};

  std::mutex mutex;  // guards posted
  std::vector<Work> posted;
  std::atomic<bool> asleep{false};  // set under the mutex: who posts then rings, once

  std::vector<Work> deferred;
  std::vector<TurnEnd*> asked, asked_running;

  std::unordered_map<std::uint64_t, Work> timers;
  std::vector<Due> heap;  // may hold cancelled numbers
  std::uint64_t last_timer = 0;

  std::array<epoll_event, 256> ready;
  int ready_count = 0, ready_next = 0;
  std::vector<std::uint8_t> scratch = std::vector<std::uint8_t>(64 * 1024);

  ~State() {
    ::close(epoll);
    ::close(wake);
  }
  void ring() const {
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(wake, &one, sizeof one);
  }
  int patience();  // milliseconds epoll may wait; -1: for ever
  void wait();
  void run_ready();
  void run_timers();
  void run_posted();
  void run_turn_end();
};

int Loop::State::patience() {
  if (stopping || !deferred.empty() || !asked.empty()) return 0;
  {
    std::lock_guard lock(mutex);
    if (!posted.empty()) return 0;
    asleep = true;
  }
  while (!heap.empty() && !timers.contains(heap.front().number)) {
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
  }
  if (heap.empty()) return -1;
  std::int64_t left = heap.front().at - monotonic_ns();
  if (left <= 0) return 0;
  return static_cast<int>(std::min<std::int64_t>((left + 999'999) / 1'000'000, 3'600'000));
}

void Loop::State::wait() {
  ready_next = 0;
  ready_count = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), patience());
  asleep = false;
  if (ready_count < 0) ready_count = 0;  // EINTR
}

void Loop::State::run_ready() {
  while (ready_next < ready_count) {
    if (ready_next + 1 < ready_count)
      fetch_ahead(ready[static_cast<std::size_t>(ready_next) + 1].data.ptr);
    const epoll_event event = ready[static_cast<std::size_t>(ready_next++)];
    if (event.data.ptr == this) {
      std::uint64_t count;
      [[maybe_unused]] auto got = ::read(wake, &count, sizeof count);
    } else if (event.data.ptr) {
      static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
    }
  }
}

void Loop::State::run_timers() {
  if (heap.empty()) return;
  const std::int64_t now = monotonic_ns();
  const std::uint64_t newest = last_timer;  // timers made meanwhile wait for the next turn
  while (!heap.empty() && heap.front().at <= now && heap.front().number <= newest) {
    auto found = timers.find(heap.front().number);
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
    if (found == timers.end()) continue;
    Work work = std::move(found->second);
    timers.erase(found);
    work();
  }
}

void Loop::State::run_posted() {
  std::vector<Work> batch;
  {
    std::lock_guard lock(mutex);
    batch.swap(posted);
  }
  for (Work& work : batch) {
    work();
    work = nullptr;
  }
}

void Loop::State::run_turn_end() {
  std::vector<Work> batch;
  batch.swap(deferred);
  for (Work& work : batch) {
    work();
    work = nullptr;
  }
  asked_running.swap(asked);
  for (std::size_t i = 0; i < asked_running.size(); ++i) {
    if (i + 1 < asked_running.size()) fetch_ahead(asked_running[i + 1]);
    TurnEnd* one = std::exchange(asked_running[i], nullptr);
    if (!one) continue;
    one->slot_ = TurnEnd::nowhere;
    one->on_turn_end();
  }
  asked_running.clear();
}

Loop::Loop() : state_(std::make_unique<State>()) {
  std::signal(SIGPIPE, SIG_IGN);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = state_.get()}};
  made(::epoll_ctl(state_->epoll, EPOLL_CTL_ADD, state_->wake, &event), "epoll_ctl");
}

Loop::~Loop() {
  // What is destroyed here may still call cancel() or post(): the state outlives it.
  auto timers = std::move(state_->timers);
  auto deferred = std::move(state_->deferred);
  std::vector<Work> posted;
  {
    std::lock_guard lock(state_->mutex);
    posted.swap(state_->posted);
  }
}

void Loop::run() {
  State& s = *state_;
  s.thread = std::this_thread::get_id();
  do {
    s.wait();
    s.run_ready();
    s.run_timers();
    s.run_posted();
    s.run_turn_end();
  } while (!s.stopping);
  s.stopping = false;
}

void Loop::stop() {
  state_->stopping = true;
  state_->ring();
}

void Loop::post(Work work) {
  bool asleep;
  {
    std::lock_guard lock(state_->mutex);
    state_->posted.push_back(std::move(work));
    asleep = state_->asleep.exchange(false);
  }
  if (asleep) state_->ring();
}

void Loop::defer(Work work) {
  state_->deferred.push_back(std::move(work));
}

bool Loop::here() const {
  return state_->thread.load() == std::this_thread::get_id();
}

Loop::TimerId Loop::after(Duration delay, Work work) {
  State& s = *state_;
  if (s.heap.size() > 2 * s.timers.size() + 64) {
    std::erase_if(s.heap, [&](const Due& due) { return !s.timers.contains(due.number); });
    std::make_heap(s.heap.begin(), s.heap.end());
  }
  const std::int64_t wait = std::chrono::nanoseconds(std::max(delay, Duration::zero())).count();
  TimerId id{++s.last_timer};
  s.timers.emplace(id.number, std::move(work));
  s.heap.push_back({monotonic_ns() + wait, id.number});
  std::push_heap(s.heap.begin(), s.heap.end());
  return id;
}

void Loop::cancel(TimerId id) {
  auto found = state_->timers.find(id.number);
  if (found == state_->timers.end()) return;
  Work work = std::move(found->second);  // its destructor may come back here
  state_->timers.erase(found);
}

void Loop::watch(int fd, std::uint32_t events, Watcher* watcher) {
  epoll_event event{.events = events, .data = {.ptr = watcher}};
  made(::epoll_ctl(state_->epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl add");
}

void Loop::change(int fd, std::uint32_t events, Watcher* watcher) {
  epoll_event event{.events = events, .data = {.ptr = watcher}};
  made(::epoll_ctl(state_->epoll, EPOLL_CTL_MOD, fd, &event), "epoll_ctl modify");
}

void Loop::forget(int fd, Watcher* watcher) {
  ::epoll_ctl(state_->epoll, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = state_->ready_next; i < state_->ready_count; ++i)
    if (auto& event = state_->ready[static_cast<std::size_t>(i)]; event.data.ptr == watcher)
      event.data.ptr = nullptr;
}

void Loop::at_turn_end(TurnEnd* one) {
  if (one->slot_ != TurnEnd::nowhere) return;
  one->slot_ = static_cast<std::uint32_t>(state_->asked.size());
  state_->asked.push_back(one);
}

void Loop::forget(TurnEnd* one) {
  if (one->slot_ == TurnEnd::nowhere) return;
  for (auto* list : {&state_->asked, &state_->asked_running})
    if (one->slot_ < list->size() && (*list)[one->slot_] == one) (*list)[one->slot_] = nullptr;
  one->slot_ = TurnEnd::nowhere;
}

std::span<std::uint8_t> Loop::scratch() {
  return state_->scratch;
}

}  // namespace muster::net
