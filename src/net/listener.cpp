#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/internal/endpoint.h"
#include "net/stream.h"

namespace muster::net {
namespace {

constexpr int accepts_per_turn = 64;
constexpr Duration breath = 100ms;       // when descriptors or memory are used up
constexpr Duration short_breath = 10ms;  // while there is no room

}  // namespace

struct Listener::State final : Loop::Watcher {
  State(Loop& l, Accept a, Room r) : loop(l), accept(std::move(a)), room(std::move(r)) {}
  ~State() {
    loop.cancel(breather);
    if (fd < 0) return;
    loop.forget(fd, this);
    ::close(fd);
  }
  void on_ready(std::uint32_t) override;
  void descriptors_used_up(int code);
  void take_breath(Duration);
  void show_interest() {
    loop.change(fd, held || breathless ? 0 : static_cast<std::uint32_t>(EPOLLIN), this);
  }

  Loop& loop;
  Accept accept;
  Room room;  // may be empty
  Loop::TimerId breather;
  int fd = -1;
  bool held = false, breathless = false, told = false;
};

void Listener::State::on_ready(std::uint32_t) {
  for (int i = 0; i < accepts_per_turn && !held; ++i) {
    const int peer = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (peer >= 0) {
      told = false;
      accept(peer);
      if (room && !room(Need::place)) return take_breath(short_breath);
      continue;
    }
    const int code = errno;
    if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM) {
      if (room && room(Need::descriptor)) continue;
      return descriptors_used_up(code);
    }
    if (code == ECONNABORTED || code == EINTR) continue;
    return;
  }
}

void Listener::State::descriptors_used_up(int code) {
  if (!std::exchange(told, true))
    log::warning("net", "cannot accept connections for now", {{"why", std::strerror(code)}});
  take_breath(breath);
}

void Listener::State::take_breath(Duration pause) {
  breathless = true;
  show_interest();
  breather = loop.after(pause, [this] {
    if (room && !room(Need::place)) return take_breath(short_breath);
    breathless = false;
    show_interest();
  });
}

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const std::string& address,
                                                 std::uint16_t port, Accept accept, Room room) {
  const auto endpoint =
      internal::numeric_endpoint(address == "localhost" ? "127.0.0.1" : address, port);
  if (!endpoint)
    return fail(Fault::invalid, "must be a numeric IPv4 or IPv6 address, not " + address,
                "address");
  auto state = std::make_unique<State>(loop, std::move(accept), std::move(room));
  sockaddr_storage bytes;
  const socklen_t size = internal::fill(*endpoint, bytes);
  const int fd = ::socket(bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&bytes), size) != 0 ||
      ::listen(fd, SOMAXCONN) != 0) {
    const std::string reason = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return fail(Fault::unavailable, "cannot listen on " + internal::show(*endpoint) + ": " + reason,
                "address");
  }
  state->fd = fd;
  loop.watch(fd, EPOLLIN, state.get());
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}
Listener::~Listener() = default;

std::uint16_t Listener::port() const {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;
  ::getsockname(state_->fd, reinterpret_cast<sockaddr*>(&bytes), &size);
  return internal::endpoint_of(reinterpret_cast<const sockaddr*>(&bytes)).port;
}

void Listener::hold(bool held) {
  if (state_->held == held) return;
  state_->held = held;
  state_->show_interest();
}

}  // namespace muster::net
