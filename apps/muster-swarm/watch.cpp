#include "muster-swarm/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "base/log.h"

namespace muster {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t line_max = 64 * 1024;

}  // namespace

Result<Watch> Watch::open(const std::filesystem::path& control) {
  Watch watch;
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &both, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  watch.signals_ = ::signalfd(-1, &both, SFD_CLOEXEC | SFD_NONBLOCK);
  if (watch.signals_ < 0) return fail(Fault::unavailable, "signals cannot be awaited");
  watch.sources_.push_back({.fd = STDIN_FILENO, .partial = {}});
  if (!control.empty()) {
    struct stat status{};
    const bool fifo = ::stat(control.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    // Held for writing too, so that it does not end when a writer does.
    const int fd = ::open(control.c_str(), (fifo ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
      return fail(Fault::invalid, "cannot read " + control.string() + ": " + std::strerror(errno),
                  "--control");
    watch.sources_.push_back({.fd = fd, .partial = {}});
  }
  watch.due_ns_ = monotonic_ns() + second_ns;
  return watch;
}

std::optional<std::vector<std::string>> Watch::read(Source& source) {
  std::vector<std::string> lines;
  char piece[4096];
  const auto got = ::read(source.fd, piece, sizeof piece);
  if (got < 0) {
    const int code = errno;
    if (code == EAGAIN || code == EINTR) return lines;
    log::warning("swarm", "a source of commands cannot be read any more",
                 {{"fd", std::to_string(source.fd)}, {"why", std::strerror(code)}});
    return std::nullopt;
  }
  if (got == 0) {
    if (source.partial.empty()) return std::nullopt;
    source.partial += '\n';  // a last line needs no end
  }
  source.partial.append(piece, static_cast<std::size_t>(got));
  for (auto end = source.partial.find('\n'); end != std::string::npos;
       end = source.partial.find('\n')) {
    lines.push_back(source.partial.substr(0, end));
    source.partial.erase(0, end + 1);
  }
  if (source.partial.size() > line_max) source.partial.clear();
  return lines;
}

Watch::Seen Watch::next_second() {
  Seen seen;
  std::vector<pollfd> waiting{{.fd = signals_, .events = POLLIN, .revents = 0}};
  for (const Source& each : sources_)
    waiting.push_back({.fd = each.fd, .events = POLLIN, .revents = 0});
  const std::int64_t left = std::max<std::int64_t>(0, due_ns_ - monotonic_ns());
  ::poll(waiting.data(), waiting.size(), static_cast<int>((left + 999'999) / 1'000'000));
  seen.stop = waiting[0].revents != 0;
  for (std::size_t i = sources_.size(); i-- > 0;) {
    if (waiting[i + 1].revents == 0) continue;
    if (auto lines = read(sources_[i]))
      std::ranges::move(*lines, std::back_inserter(seen.lines));
    else
      sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (const std::int64_t now = monotonic_ns(); now >= due_ns_) {
    seen.second = true;
    due_ns_ = std::max(due_ns_ + second_ns, now);
  }
  return seen;
}

}  // namespace muster
