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

#include "base/log.h"
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

Descriptor socket_of_a_caller() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

void ask_for_chain(const Descriptor& caller, const std::filesystem::path& path) {
  sockaddr_un where{.sun_family = AF_UNIX, .sun_path = {}};
  REQUIRE(path.native().size() < sizeof where.sun_path);
  path.native().copy(where.sun_path, sizeof where.sun_path - 1);
  REQUIRE(::connect(caller.number(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  Bytes question;
  append_frame(question, FrameType::chain, 1, {});
  REQUIRE(::send(caller.number(), question.data(), question.size(), 0) ==
          static_cast<ssize_t>(question.size()));
}

bool is_answered(const Descriptor& caller, Duration within) {
  pollfd watched{caller.number(), POLLIN, 0};
  if (::poll(&watched, 1, static_cast<int>(within.count())) != 1) return false;
  std::array<std::uint8_t, 64 * 1024> buffer;
  const auto count = ::recv(caller.number(), buffer.data(), buffer.size(), 0);
  FrameBuffer in(Side::controller);
  in.append(ByteView(buffer).first(static_cast<std::size_t>(std::max<ssize_t>(count, 0))));
  const auto frame = expect(in.next());
  return frame && expect(decode_chain(frame->content)).size() == 2;
}

}  // namespace

TEST_CASE("a signer without a descriptor left rests, and takes who waits when there is one") {
  World world;
  const auto path = world.folder.path / "socket";
  const Serving serving(*world.keeper, expect(listen_at(path)));
  const Descriptor first = socket_of_a_caller(), second = socket_of_a_caller();
  ask_for_chain(first, path);
  REQUIRE(is_answered(first, 60s));
  // UBSan needs a descriptor for its first look at a type: once before there is none.
  log::info("signer", "descriptors run out");
  {
    const NoDescriptors none;
    ask_for_chain(second, path);
    const double before = seconds_of_work();
    CHECK_FALSE(is_answered(second, 1s));
    CHECK(seconds_of_work() - before < 0.5);
  }
  CHECK(is_answered(second, 60s));
}
