#include "muster-signer/serve.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/descriptor.h"
#include "base/log.h"
#include "muster-signer/issuing_key.h"
#include "signer/connect.h"
#include "signer/folder.h"
#include "signer/keeper.h"
#include "signer/sandbox.h"
#include "signer/serve.h"

namespace muster {
namespace {

Result<Descriptor> signals_to_stop() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a refusal, as a full disk is
  struct sigaction ended{};
  ended.sa_handler = SIG_DFL;
  ended.sa_flags = SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &ended, nullptr);
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGCHLD);  // the token's process, without which nothing can be signed
  ::sigprocmask(SIG_BLOCK, &both, nullptr);
  Descriptor stop(::signalfd(-1, &both, SFD_CLOEXEC));
  if (!stop)
    return fail(Fault::unavailable,
                std::string("cannot wait for signals: ") + std::strerror(errno));
  return stop;
}

Result<signer::Doors> doors_of(const Options& options) {
  signer::Doors doors;
  if (!options.socket.empty()) {
    TRY(doors.listener, signer::listen_at(options.socket));
    return doors;
  }
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(options.descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0)
    return fail(Fault::invalid, std::string("not a socket: ") + std::strerror(errno), "--fd");
  if (listens)
    doors.listener = Descriptor(options.descriptor);
  else
    doors.connected.push_back(Descriptor(options.descriptor));
  return doors;
}

// What root may do and the signer's own user may not.
Result<void> give_up_root(const Options& options) {
  if (::geteuid() != 0) return {};
  if (!signer::leave_network())
    log::warning("signer", "this machine lets nobody leave its network; the filter has to do");
  if (!options.user.empty()) return signer::become(options.user);
  log::warning("signer", "runs as root: give it a user of its own with --user");
  return {};
}

Result<void> confine() {
  if (!signer::instrumented) return signer::confine();
  log::warning("signer", "built with a sanitizer: not confined");
  return {};
}

// Whoever started us starts us again when we end, and tokens lock after a few wrong PINs. So with a
// line to one that does we stay until he goes, or until somebody may have corrected the PIN.
void sit_out(const signer::Doors& doors) {
  constexpr int longest_ms = 5 * 60 * 1000;
  if (doors.connected.empty()) return;
  signalfd_siginfo token_ended{};
  [[maybe_unused]] const auto heard = ::read(doors.stop, &token_ended, sizeof token_ended);
  pollfd watched[] = {{doors.stop, POLLIN, 0}, {doors.connected.front().number(), 0, 0}};
  ::poll(watched, 2, longest_ms);
}

Result<std::unique_ptr<pkcs11::ApartKey>> opened_token(const Options& options,
                                                       const signer::Doors& doors) {
  auto token = token_of(options, options.init);
  if (!token && token.error().fault == Fault::unauthorized) {
    log::error("signer", "nothing is signed", {{"because", token.error().message}});
    sit_out(doors);
  }
  return token;
}

}  // namespace

Result<void> serve(const Options& options) {
  const int kept[] = {options.descriptor};
  TRY_VOID(signer::close_all_but(kept));
  TRY(const Descriptor stop, signals_to_stop());
  TRY(auto doors, doors_of(options));
  doors.stop = stop.number();
  TRY_VOID(give_up_root(options));

  // Opened now: nothing can be opened later.
  SystemClock clock;
  SystemRandom random;
  TRY(const auto token, opened_token(options, doors));
  TRY(auto folder, options.init ? signer::Folder::make(options.folder, clock, random,
                                                       token ? &token->public_key() : nullptr)
                                : signer::Folder::open(options.folder));
  TRY(auto authority,
      token ? signer::Authority::of(folder.chain, *token) : signer::Authority::open(folder));
  const std::uint32_t allowed = options.allowed_user.value_or(::geteuid());
  const signer::ServeSettings settings{.allowed_user = doors.listener ? std::optional(allowed)
                                                                      : options.allowed_user};
  TRY(auto keeper,
      signer::Keeper::open(std::move(authority), folder.log(), options.policy, clock, random));
  TRY_VOID(confine());

  log::info("signer", "ready",
            {{"issuer", keeper.chain().front().common_name},
             {"records", std::to_string(keeper.head().size)}});
  // Standard output is the controller's where that one started us. Not by stdio, which would look
  // at what it is: a call that is not left.
  if (!options.socket.empty()) {
    [[maybe_unused]] const auto told = ::write(STDOUT_FILENO, "ready\n", 6);
  }
  TRY_VOID(signer::serve(keeper, std::move(doors), settings));
  if (token && token->ended())
    return fail(Fault::unavailable, "the token's process has ended; start again");
  return {};
}

}  // namespace muster
