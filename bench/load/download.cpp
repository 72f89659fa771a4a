#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "load/connection.h"
#include "load/modes.h"

namespace muster::load {
namespace {

struct Count {
  std::size_t begun = 0,
              ended = 0;  // downloads that had their first octets; connections that broke
  std::uint64_t octets = 0, whole = 0;
};

// Fetches the target again and again; or, slowly, what its socket holds whenever it is told.
class Download final : public Connection {
 public:
  Download(net::Loop& loop, const Tls& tls, const Identity& who, const Settings& s, Count& count)
      : Connection(loop, tls, who, s.port, s.slow ? slow_window : 0), settings_(s), count_(count) {}
  void swallow() { hold(false); }

 private:
  static constexpr int slow_window = 16 * 1024;

  void opened() override { ask(); }
  void ask() {
    left_ = 0;
    write("GET " + settings_.target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  void write(const std::string& text) { Connection::write(bytes_of(text)); }

  std::size_t received(ByteView in) override {
    if (settings_.slow) hold(true);
    const std::size_t used = in.size();
    if (left_ == 0) {
      const auto text = text_of(in);
      const auto end = text.find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      const auto length = text.find("Content-Length: ");
      if (!text.starts_with("HTTP/1.1 200") || length == std::string_view::npos)
        give_up({Fault::unavailable, "refused: " + std::string(text.substr(0, 200)), ""});
      left_ = std::strtoull(text.data() + length + 16, nullptr, 10);
      in = in.subspan(end + 4);
      ++count_.begun;
    }
    left_ -= in.size();
    count_.octets += in.size();
    if (left_ == 0) {
      ++count_.whole;
      ask();
    }
    return used;
  }
  void ended(const std::string&) override { ++count_.ended; }

  const Settings& settings_;
  Count& count_;
  std::uint64_t left_ = 0;  // of the answer; 0: its head is awaited
};

struct Orchestrator final : net::Loop::Watcher {
  Orchestrator(net::Loop& l, std::function<void()> f) : loop(l), on_line(std::move(f)) {
    loop.watch(STDIN_FILENO, EPOLLIN, this);
  }
  void on_ready(std::uint32_t) override {
    char line[64];
    if (::read(STDIN_FILENO, line, sizeof line) > 0) return on_line();
    loop.forget(STDIN_FILENO, this);
    loop.stop();
  }
  net::Loop& loop;
  std::function<void()> on_line;
};

void say(const char* what, const Count& count, std::uint64_t octets, double seconds) {
  std::printf("{\"%s\":%zu,\"failed\":%zu,\"octets\":%llu,\"whole\":%llu,\"seconds\":%.6f}\n", what,
              count.begun, count.ended, static_cast<unsigned long long>(octets),
              static_cast<unsigned long long>(count.whole), seconds);
  std::fflush(stdout);
}

}  // namespace

// All connections are of one device: what a download costs does not depend on whose it is.
Result<void> download(const Settings& settings) {
  TRY(const auto identities, read_identities(settings.identities, 1));
  net::Loop loop;
  Tls tls;
  Count count;
  std::vector<std::unique_ptr<Download>> downloads;
  const auto start = monotonic_ns();
  const auto since = [](std::int64_t from) {
    return static_cast<double>(monotonic_ns() - from) / 1e9;
  };
  bool told = false;
  std::size_t next = 0;
  std::function<void()> step = [&] {
    for (std::size_t i = 0; i < settings.parallel && downloads.size() < settings.count &&
                            downloads.size() - count.begun < settings.parallel;
         ++i)
      downloads.push_back(
          std::make_unique<Download>(loop, tls, identities.front(), settings, count));
    if (!told && count.begun + count.ended >= settings.count) {
      told = true;
      say("connected", count, count.octets, since(start));
    }
    // Each of the slow ones swallows what has come every ten seconds or so.
    for (std::size_t i = 0; told && settings.slow && i < settings.count / 1000 + 1; ++i)
      if (auto& each = downloads[next++ % downloads.size()]; each->alive()) each->swallow();
    loop.after(10ms, [&] { step(); });
  };
  Orchestrator orchestrator(loop, [&] {
    const auto before = count.octets;
    const auto from = monotonic_ns();
    loop.after(Duration(static_cast<std::int64_t>(settings.seconds * 1000)),
               [&, before, from] { say("begun", count, count.octets - before, since(from)); });
  });
  step();
  loop.run();
  return {};
}

}  // namespace muster::load
