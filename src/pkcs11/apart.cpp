#include "pkcs11/apart.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

#include "base/descriptor.h"
#include "base/random.h"
#include "pkcs11/internal/datagram.h"
#include "pkcs11/token.h"

namespace muster::pkcs11 {
namespace {

constexpr Duration opening_limit = 60s;  // a module may look at every reader it knows
constexpr Duration ending_limit = 2s;

bool send_whole(int line, ByteView datagram) {
  ssize_t sent = 0;
  do sent = ::send(line, datagram.data(), datagram.size(), MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(datagram.size());
}

// Empty: the other end is closed.
Datagram receive(int line) {
  Datagram buffer(number_octets + 1 + message_max);
  ssize_t got = 0;
  do got = ::recv(line, buffer.data(), buffer.size(), 0);
  while (got < 0 && errno == EINTR);
  buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return buffer;
}

Result<KeyInToken> opened(const Apart& how) {
  SystemRandom random;
  TRY(auto held, open_key(how.uri, how.make, random));
  if (how.confine) TRY_VOID(how.confine());
  return held;
}

// The child: tells of its key, and then signs until nobody is there to ask.
void answer_all(int line, const Apart& how) {
  const auto held = opened(how);
  const Result<Bytes> about = held ? Result<Bytes>(held->key->public_key().spki())
                                   : Result<Bytes>(std::unexpected(held.error()));
  if (!send_whole(line, answer_of(0, about)) || !held) return;
  for (;;) {
    const Datagram asked = receive(line);
    if (asked.size() < number_octets) return;
    const auto signature = held->key->sign_prepared(ByteView(asked).subspan(number_octets));
    if (!send_whole(line, answer_of(number_of(asked), signature))) return;
  }
}

[[noreturn]] void be_the_child(int line, const Apart& how) {
  constexpr int ours = 3;
  if (line != ours) ::dup2(line, ours);
  ::close_range(ours + 1, ~0U, 0);
  ::fcntl(ours, F_SETFD, FD_CLOEXEC);
  sigset_t all;  // a signal to the whole group is the parent's to hear: the line's end is ours
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  ::prctl(PR_SET_NAME, "muster-token", 0, 0, 0);
  answer_all(ours, how);
  ::_exit(0);
}

std::unexpected<Error> no_process(const char* what) {
  return fail(Fault::unavailable, std::string("cannot ") + what + " for the token's process: " +
                                      std::generic_category().message(errno));
}

bool is_over(pid_t child, Duration within) {
  const Descriptor watched(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd ending{watched.number(), POLLIN, 0};
  const std::int64_t until = monotonic_ns() + std::chrono::nanoseconds(within).count();
  for (auto left = within; left > Duration::zero();
       left = std::chrono::ceil<Duration>(std::chrono::nanoseconds(until - monotonic_ns())))
    if (::poll(&ending, 1, static_cast<int>(left.count())) >= 0 || errno != EINTR) break;
  return ::waitpid(child, nullptr, WNOHANG) != 0;  // it is gone, or was before
}

}  // namespace

struct ApartKey::State {
  State(int socket, const Apart& how) : line(socket), limit(how.limit), awaits_end(how.await_end) {}
  ~State() {
    ::close(line);  // upon which it ends by itself, unless it hangs in its module
    if (child <= 0 || !awaits_end || is_over(child, ending_limit)) return;
    ::kill(child, SIGKILL);
    is_over(child, ending_limit);
  }

  // The answer that has this number; those that came too late for theirs are passed over.
  Result<Bytes> answer(std::uint64_t number, Duration within) {
    const std::int64_t until = monotonic_ns() + std::chrono::nanoseconds(within).count();
    for (;;) {
      const std::int64_t left = std::max<std::int64_t>(until - monotonic_ns(), 0);
      pollfd watched{line, POLLIN, 0};
      const int ready = ::poll(&watched, 1, static_cast<int>(left / 1'000'000));
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0)
        return fail(Fault::unavailable, "the token did not answer within " + show(within));
      const Datagram datagram = receive(line);
      if (datagram.size() <= number_octets)
        return fail(Fault::unavailable,
                    "the token's process has ended; start this program again, and look at its "
                    "module if it ends again");
      answered = number_of(datagram);
      if (answered == number) return result_of(datagram);
    }
  }

  // Whoever comes while a question is overdue is not kept waiting for it too.
  bool overdue() {
    pollfd watched{line, POLLIN, 0};
    while (answered != last && ::poll(&watched, 1, 0) > 0) {
      const Datagram datagram = receive(line);
      if (datagram.size() <= number_octets) return false;  // it has ended: the question will tell
      answered = number_of(datagram);
    }
    return answered != last;
  }

  const int line;
  const Duration limit;
  const bool awaits_end;
  pid_t child = -1;
  crypto::PublicKey key;
  std::mutex one_at_a_time;
  std::uint64_t last = 0, answered = 0;  // questions
};

ApartKey::ApartKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
ApartKey::~ApartKey() = default;

Result<std::unique_ptr<ApartKey>> ApartKey::start(const Apart& how) {
  TRY_VOID(parse_uri(how.uri));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return no_process("make a pair of sockets");
  auto state = std::make_unique<State>(ends[0], how);
  state->child = ::fork();
  if (state->child == 0) be_the_child(ends[1], how);
  ::close(ends[1]);
  if (state->child < 0) return no_process("fork");
  TRY(const Bytes spki, state->answer(0, opening_limit));
  TRY(state->key, crypto::PublicKey::from_spki(spki));
  return std::unique_ptr<ApartKey>(new ApartKey(std::move(state)));
}

const crypto::PublicKey& ApartKey::public_key() const {
  return state_->key;
}

Result<Bytes> ApartKey::sign(ByteView message) const {
  const Bytes what = prepared(state_->key.algorithm(), message);
  if (what.size() > message_max)
    return fail(Fault::invalid, "a token signs no message of more than 64 KiB by Ed25519");
  const std::scoped_lock lock(state_->one_at_a_time);
  if (state_->overdue())
    return fail(Fault::unavailable, "the token has not answered an earlier question yet");
  const std::uint64_t number = ++state_->last;
  Datagram asked;
  append_number(asked, number);
  asked.insert(asked.end(), what.begin(), what.end());
  if (!send_whole(state_->line, asked))
    return fail(Fault::unavailable, "the token's process has ended; start this program again");
  return state_->answer(number, state_->limit);
}

bool ApartKey::ended() const {
  char octet = 0;
  return ::recv(state_->line, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace muster::pkcs11
