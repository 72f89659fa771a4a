#include "signer/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "signer/remote.h"
#include "signer/serve.h"
#include "signer/test_authority.h"

using namespace muster;
using namespace muster::signer;

namespace {

constexpr int confinement_failed = 99, survived = 0;

// How a confined process ends that does this.
template <class Act>
int end_of(Act act, Result<void> (*walls)() = confine) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!walls()) ::_exit(confinement_failed);
    act();
    ::_exit(survived);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
  }
  return status;
}

template <class Act>
bool dies_of(Act act) {
  const int status = end_of(act);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS && !WCOREDUMP(status);
}

template <class Act>
bool survives(Act act) {
  const int status = end_of(act);
  return WIFEXITED(status) && WEXITSTATUS(status) == survived;
}

}  // namespace

TEST_CASE("a confined process that reaches for the network is killed") {
  CHECK(dies_of([] { ::socket(AF_INET, SOCK_STREAM, 0); }));
  CHECK(dies_of([] { ::socket(AF_UNIX, SOCK_STREAM, 0); }));
  CHECK(dies_of([] {
    sockaddr address{};
    ::connect(0, &address, sizeof address);
  }));
  CHECK(dies_of([] {
    sockaddr address{};
    ::sendto(0, "x", 1, 0, &address, sizeof address);
  }));
}

TEST_CASE("a confined process that starts, forks or traces another is killed") {
  CHECK(dies_of([] { ::execl("/bin/true", "true", static_cast<char*>(nullptr)); }));
  CHECK(dies_of([] { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }));
  CHECK(dies_of([] { ::kill(::getppid(), SIGCONT); }));
  if (!instrumented)
    CHECK(dies_of([] { (void)!::fork(); }));  // the sanitizer prepares for it first
}

TEST_CASE("a confined process that opens, removes or renames a file is killed") {
  CHECK(dies_of([] { ::open("/dev/null", O_RDONLY); }));
  CHECK(dies_of([] { ::open("/tmp/muster-sandbox-test", O_WRONLY | O_CREAT, 0600); }));
  CHECK(dies_of([] { ::unlink("/tmp/muster-sandbox-test"); }));
  CHECK(dies_of([] { ::rename("/tmp/muster-sandbox-test", "/tmp/muster-sandbox-test2"); }));
  CHECK(dies_of([] { (void)!::chdir("/"); }));
}

TEST_CASE("a confined process that makes memory it may execute is killed") {
  CHECK(dies_of([] {
    ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }));
}

TEST_CASE("a confined process still computes, writes what it has open, and ends") {
  if (instrumented) {
    WARN("skipped: a sanitizer's runtime makes calls of its own");
    return;
  }
  CHECK(survives([] {
    const std::vector<std::uint8_t> memory(8 << 20);
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, memory.data(), 0);
  }));
}

TEST_CASE("the process with the token reads files and talks to this machine, and to no other") {
  const auto does = [](auto act) {
    const int status = end_of([&] { ::_exit(act() ? survived : 1); }, confine_with_token);
    return WIFEXITED(status) && WEXITSTATUS(status) == survived;
  };
  CHECK(does([] { return ::open("/dev/null", O_RDWR) >= 0; }));
  CHECK(does([] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }));
  CHECK(does([] { return ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM; }));
  CHECK(does([] { return ::socket(AF_INET6, SOCK_DGRAM, 0) < 0 && errno == EPERM; }));
  CHECK(does([] { return ::socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EPERM; }));
  CHECK(does([] {
    ::execl("/bin/true", "true", static_cast<char*>(nullptr));
    return errno == EPERM;
  }));
  CHECK(does([] { return ::kill(::getppid(), 0) < 0 && errno == EPERM; }));
  CHECK(does([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) < 0 && errno == EPERM; }));
  if (!instrumented) CHECK(does([] { return ::fork() < 0 && errno == EPERM; }));
}

TEST_CASE("descriptors that were inherited and are not named are closed") {
  const Descriptor kept(::open("/dev/null", O_RDONLY)), other(::open("/dev/null", O_RDONLY)),
      kept_too(::open("/dev/null", O_RDONLY));
  const pid_t child = ::fork();
  if (child == 0) {
    const int stay[] = {kept_too.number(), kept.number()};
    const bool closed = close_all_but(stay) && ::fcntl(kept.number(), F_GETFD) == 0 &&
                        ::fcntl(kept_too.number(), F_GETFD) == 0 &&
                        ::fcntl(STDERR_FILENO, F_GETFD) >= 0 &&
                        ::fcntl(other.number(), F_GETFD) < 0;
    ::_exit(closed ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("the signer does all of its work inside its sandbox") {
  if (instrumented) {
    WARN("skipped: a sanitizer's runtime makes calls of its own");
    return;
  }
  World world;
  world.keeper.reset();
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Descriptor ours(ends[0]), theirs(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    ours.close();
    auto keeper = world.reopened();
    Doors doors;
    doors.connected.push_back(std::move(theirs));
    const bool served = keeper && confine() && serve(*keeper, std::move(doors), {});
    ::_exit(served ? 0 : 1);
  }
  theirs.close();
  std::mutex mutex;
  std::condition_variable came;
  int right = 0, all = 0;
  const auto count = [&](auto answer) {
    const std::scoped_lock lock(mutex);
    right += answer.has_value();
    ++all;
    came.notify_all();
  };
  const auto p384 = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p384)),
             ed25519 = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  {
    RemoteIssuer issuer([&] { return Result<Descriptor>(std::move(ours)); });
    for (std::uint32_t n = 0; n < 300; ++n) {
      Order order = world.device(n);
      if (n % 3 == 1) order.spki = p384.public_key().spki();
      if (n % 3 == 2) order.spki = ed25519.public_key().spki();
      issuer.issue(order, count);
    }
    issuer.issue(world.device(0), count);  // from the log
    issuer.make_list(world.list(1), count);
    issuer.since(0, 1000, count);
    issuer.chain(count);
    Order wrong = world.device(400);
    wrong.spki = {1, 2, 3};
    issuer.issue(wrong, count);
    Order late = world.device(401);
    late.not_before -= 24h;  // refused with the time in words
    issuer.issue(late, count);
    std::unique_lock lock(mutex);
    REQUIRE(came.wait_for(lock, 60s, [&] { return all == 306; }));
  }
  CHECK(right == 304);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
