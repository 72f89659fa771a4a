#include "agent/internal/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"

extern char** environ;

namespace muster::agent {
namespace {

constexpr std::size_t account_max = 300;  // octets of what it printed

// Tells when a process has ended (pidfd_open(2)).
class Ending final : private net::Loop::Watcher {
 public:
  Ending(net::Loop& loop, pid_t child)
      : loop_(loop), fd_(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))), ended(loop) {
    if (fd_) loop_.watch(fd_.number(), EPOLLIN, this);
  }
  Ending(const Ending&) = delete;
  ~Ending() {
    if (fd_ && !ended.is_set()) loop_.forget(fd_.number(), this);
  }

 private:
  void on_ready(std::uint32_t) override {
    loop_.forget(fd_.number(), this);
    ended.set();
  }
  net::Loop& loop_;
  Descriptor fd_;

 public:
  net::Event ended;
};

// Reads what it prints until nobody holds the other end, or until we are done with it.
class Listening final : private net::Loop::Watcher {
 public:
  Listening(net::Loop& loop, Descriptor from, std::size_t most)
      : loop_(loop), fd_(std::move(from)), most_(most) {
    if (fd_) loop_.watch(fd_.number(), EPOLLIN, this);
    watched_ = static_cast<bool>(fd_);
  }
  Listening(const Listening&) = delete;
  ~Listening() { stop(); }

  std::string finish() {
    while (watched_ && read_some()) continue;
    stop();
    return std::move(heard_);
  }

 private:
  void on_ready(std::uint32_t) override { read_some(); }
  bool read_some() {  // false: there is nothing now, or nothing more
    char piece[4096];
    const auto got = ::read(fd_.number(), piece, sizeof piece);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) {
      stop();
      return false;
    }
    const std::size_t room = most_ - heard_.size();
    heard_.append(piece, std::min(room, static_cast<std::size_t>(got)));
    return true;
  }
  void stop() {
    if (std::exchange(watched_, false)) loop_.forget(fd_.number(), this);
  }

  net::Loop& loop_;
  Descriptor fd_;
  const std::size_t most_;
  std::string heard_;
  bool watched_ = false;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& each : texts) out.push_back(each.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view name =
        std::string_view(*each).substr(0, std::string_view(*each).find('='));
    const bool replaced = std::ranges::any_of(added, [&](const std::string& own) {
      return own.size() > name.size() && own.starts_with(name) && own[name.size()] == '=';
    });
    if (!replaced) all.emplace_back(*each);
  }
  return all;
}

Result<pid_t> start(Program& program, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output >= 0 ? output : STDERR_FILENO, STDOUT_FILENO);
  if (output >= 0) ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  sigset_t none, ordinary;
  sigemptyset(&none);
  sigemptyset(&ordinary);
  for (int each : {SIGPIPE, SIGTERM, SIGINT}) sigaddset(&ordinary, each);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &ordinary);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  auto all = environment_with(program.environment);
  const auto words = pointers(program.words), environment = pointers(all);
  pid_t child = 0;
  const int failure =
      ::posix_spawnp(&child, words[0], &files, &attributes, words.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (failure != 0)
    return fail(Fault::unavailable,
                "cannot run " + program.words[0] + ": " + std::strerror(failure));
  return child;
}

}  // namespace

net::Task<Result<Ended>> run_program(net::Loop* loop, Program program) {
  int ends[2] = {-1, -1};
  if (program.output_max > 0 && ::pipe2(ends, O_CLOEXEC) != 0)
    co_return fail(Fault::unavailable, std::string("cannot make a pipe: ") + std::strerror(errno));
  Descriptor theirs(ends[1]);
  Descriptor ours(ends[0]);
  if (ours) ::fcntl(ours.number(), F_SETFL, O_NONBLOCK);
  CO_TRY(const pid_t child, start(program, theirs.number()));
  theirs = Descriptor();
  Listening listening(*loop, std::move(ours), program.output_max);
  Ended ended;
  {
    Ending ending(*loop, child);
    ended.late = !co_await ending.ended.within(program.within);
  }
  if (ended.late) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && !ended.late) ended.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.output = listening.finish();
  co_return ended;
}

std::string account_of(const std::string& what, const Ended& ended, Duration within) {
  std::string said = what;
  if (ended.late)
    said += " did not end within " + show(within);
  else if (ended.code >= 0)
    said += " ended with code " + std::to_string(ended.code);
  else
    said += " was killed by signal " + std::to_string(ended.signal);
  std::string_view last(ended.output);
  while (!last.empty() && (last.back() == '\n' || last.back() == ' ')) last.remove_suffix(1);
  if (last.size() > account_max) last.remove_prefix(last.size() - account_max);
  if (last.empty()) return said;
  said += ": ";
  for (char c : last) said += c >= ' ' && c < 0x7f ? c : ' ';
  return said;
}

}  // namespace muster::agent
