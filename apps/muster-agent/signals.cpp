#include "muster-agent/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace muster {

Signals::Signals(net::Loop& loop, std::move_only_function<void()> told)
    : loop_(loop), told_(std::move(told)), fd_(-1) {
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &both, nullptr);
  fd_ = ::signalfd(-1, &both, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  loop_.watch(fd_, EPOLLIN, this);
}

Signals::~Signals() {
  loop_.forget(fd_, this);
  ::close(fd_);
}

void Signals::on_ready(std::uint32_t) {
  signalfd_siginfo which{};
  while (::read(fd_, &which, sizeof which) == sizeof which) told_();
}

Result<Held> Held::take(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(Fault::unavailable, "cannot open " + path.string() + ": " + std::strerror(errno));
  Held held(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return fail(Fault::conflict, "another agent runs on " + path.parent_path().string());
  return held;
}

Held::~Held() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace muster
