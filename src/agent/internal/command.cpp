#include "agent/internal/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

extern char** environ;

namespace muster::agent {
namespace {

// Tells when a process has ended (pidfd_open(2)).
class Ending final : private net::Loop::Watcher {
 public:
  Ending(net::Loop& loop, pid_t child)
      : loop_(loop), fd_(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))), ended(loop) {
    if (fd_ >= 0) loop_.watch(fd_, EPOLLIN, this);
  }
  Ending(const Ending&) = delete;
  ~Ending() {
    if (fd_ < 0) return;
    if (!ended.is_set()) loop_.forget(fd_, this);
    ::close(fd_);
  }

 private:
  void on_ready(std::uint32_t) override {
    loop_.forget(fd_, this);
    ended.set();
  }
  net::Loop& loop_;
  int fd_;

 public:
  net::Event ended;
};

Result<pid_t> start(const std::string& line, const std::string& argument) {
  const std::string script = argument.empty() ? line : line + " \"$1\"";
  std::string words[] = {"sh", "-c", script, "sh", argument};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(),
                       words[3].data(), words[4].data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  sigset_t none, ordinary;
  sigemptyset(&none);
  sigemptyset(&ordinary);
  for (int each : {SIGPIPE, SIGTERM, SIGINT}) sigaddset(&ordinary, each);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &ordinary);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, "/bin/sh", &files, &attributes, arguments, environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (failure != 0)
    return fail(Fault::unavailable, std::string("cannot run a command: ") + std::strerror(failure));
  return child;
}

}  // namespace

net::Task<Result<void>> run_command(net::Loop* loop, std::string line, std::string argument,
                                    Duration within) {
  CO_TRY(const pid_t child, start(line, argument));
  bool in_time = false;
  {
    Ending ending(*loop, child);
    in_time = co_await ending.ended.within(within);
  }
  if (!in_time) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!in_time)
    co_return fail(Fault::unavailable, "the command did not end within " + show(within));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) co_return Result<void>{};
  co_return fail(Fault::unavailable,
                 WIFEXITED(status)
                     ? "the command ended with code " + std::to_string(WEXITSTATUS(status))
                     : "the command was killed by signal " + std::to_string(WTERMSIG(status)));
}

}  // namespace muster::agent
