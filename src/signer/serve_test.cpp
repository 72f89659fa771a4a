#include "signer/serve.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <ctime>
#include <thread>

#include "signer/connect.h"
#include "signer/frame.h"
#include "signer/test_authority.h"

using namespace muster;
using namespace muster::signer;

namespace {

// While it lives nobody gets a descriptor.
struct NoDescriptors {
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before);
    const Descriptor next(::dup(STDIN_FILENO));
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(next.number());
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

struct Serving {
  Serving(Keeper& keeper, Descriptor listener)
      : thread([this, &keeper, door = std::move(listener)]() mutable {
          Doors doors{.listener = std::move(door), .connected = {}, .stop = stop.number()};
          (void)serve(keeper, std::move(doors), {});
        }) {}
  ~Serving() {
    ::eventfd_write(stop.number(), 1);
    thread.join();
  }
  Descriptor stop{::eventfd(0, EFD_CLOEXEC)};
  std::thread thread;
};

double seconds_of_work() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

bool is_readable(const Descriptor& line, Duration within) {
  pollfd watched{line.number(), POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(within.count())) == 1;
}

}  // namespace

TEST_CASE("a signer without a descriptor left rests, and takes who waits when there is one") {
  World world;
  const auto path = world.folder.path / "socket";
  const Serving serving(*world.keeper, expect(listen_at(path)));
  const Descriptor caller(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    const NoDescriptors none;
    sockaddr_un where{.sun_family = AF_UNIX, .sun_path = {}};
    REQUIRE(path.native().size() < sizeof where.sun_path);
    path.native().copy(where.sun_path, sizeof where.sun_path - 1);
    REQUIRE(::connect(caller.number(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    Bytes question;
    append_frame(question, FrameType::chain, 1, {});
    REQUIRE(::send(caller.number(), question.data(), question.size(), 0) ==
            static_cast<ssize_t>(question.size()));
    const double before = seconds_of_work();
    CHECK_FALSE(is_readable(caller, 1s));
    CHECK(seconds_of_work() - before < 0.5);
  }
  REQUIRE(is_readable(caller, 60s));
  std::array<std::uint8_t, 64 * 1024> buffer;
  const auto count = ::recv(caller.number(), buffer.data(), buffer.size(), 0);
  FrameBuffer in(Side::controller);
  in.append(ByteView(buffer).first(static_cast<std::size_t>(std::max<ssize_t>(count, 0))));
  const auto frame = expect(in.next());
  REQUIRE(frame);
  CHECK(expect(decode_chain(frame->content)).size() == 2);
}
