#include "signer/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace muster::signer {
namespace {

std::unexpected<Error> cannot(const std::string& what, int why) {
  return fail(Fault::unavailable, "cannot " + what + ": " + std::strerror(why));
}

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

// On descriptors that are open, on its own memory, on the clock, and to end. Nothing that makes a
// descriptor but accept4, nothing that takes a path, nothing that reaches another process.
constexpr int always[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(close),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(accept4),
    SCMP_SYS(recvfrom),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp without(unsigned argument, scmp_datum_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, 0};
}

struct Narrow {
  int call;
  std::vector<scmp_arg_cmp> when;
};

std::vector<Narrow> narrow() {
  const auto self = static_cast<scmp_datum_t>(::getpid());
  return {
      {SCMP_SYS(mmap), {without(2, PROT_EXEC)}},
      {SCMP_SYS(mprotect), {without(2, PROT_EXEC)}},
      {SCMP_SYS(sendto), {equals(4, 0)}},     // to its peer: no address
      {SCMP_SYS(tgkill), {equals(0, self)}},  // abort() signals itself
      {SCMP_SYS(getsockopt), {equals(1, SOL_SOCKET), equals(2, SO_PEERCRED)}},
  };
}

Result<void> add_rules(const Filter& filter) {
  for (const int call : always)
    if (const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); error != 0)
      return cannot("write the system call filter", -error);
  for (const auto& [call, when] : narrow())
    if (const int error = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call,
                                                 static_cast<unsigned>(when.size()), when.data());
        error != 0)
      return cannot("write the system call filter", -error);
  return {};
}

constexpr int taken_from_token[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(clock_settime),
    SCMP_SYS(settimeofday),
    SCMP_SYS(open_by_handle_at),
};

Result<void> add_token_rules(const Filter& filter) {
  const auto refuse = [&](int error, int call, const std::vector<scmp_arg_cmp>& when) {
    return seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call,
                                  static_cast<unsigned>(when.size()), when.data());
  };
  const auto self = static_cast<scmp_datum_t>(::getpid());
  int error = 0;
  for (const int call : taken_from_token)
    if (error == 0) error = refuse(EPERM, call, {});
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)})
    if (error == 0) error = refuse(EPERM, call, {{0, SCMP_CMP_NE, AF_UNIX, 0}});
  if (error == 0) error = refuse(EPERM, SCMP_SYS(tgkill), {{0, SCMP_CMP_NE, self, 0}});
  if (error == 0) error = refuse(EPERM, SCMP_SYS(clone), {without(0, CLONE_THREAD)});
  // Its flags cannot be looked at; the C library then takes clone().
  if (error == 0) error = refuse(ENOSYS, SCMP_SYS(clone3), {});
  if (error != 0) return cannot("write the system call filter", -error);
  return {};
}

Result<void> give_up_privileges() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return cannot("switch core dumps off", errno);
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return cannot("forbid tracing", errno);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return cannot("give up new privileges", errno);
  return {};
}

Result<void> load(const Filter& filter) {
  if (const int error = seccomp_load(filter.get()); error != 0)
    return cannot("install the system call filter", -error);
  return {};
}

}  // namespace

Result<void> close_all_but(std::span<const int> kept) {
  std::vector<unsigned> stay{0, 1, 2};
  for (const int each : kept)
    if (each > 2) stay.push_back(static_cast<unsigned>(each));
  std::ranges::sort(stay);
  stay.push_back(~0U);
  for (std::size_t i = 0; i + 1 < stay.size(); ++i) {
    const unsigned first = stay[i] + 1, last = stay[i + 1] == ~0U ? ~0U : stay[i + 1] - 1;
    if (first <= last && ::close_range(first, last, 0) != 0)
      return cannot("close inherited descriptors", errno);
  }
  return {};
}

bool leave_network() {
  return ::unshare(CLONE_NEWNET) == 0;
}

Result<void> become(const std::string& user) {
  const passwd* account = ::getpwnam(user.c_str());
  if (!account) return fail(Fault::missing, "there is no user " + user + " on this machine");
  const uid_t uid = account->pw_uid;
  const gid_t gid = account->pw_gid;
  if (uid == 0) return fail(Fault::invalid, "the signer must not stay root; name another user");
  if (::setgroups(0, nullptr) != 0 || ::setresgid(gid, gid, gid) != 0 ||
      ::setresuid(uid, uid, uid) != 0)
    return cannot("become user " + user, errno);
  return {};
}

Result<void> confine() {
  ::tzset();  // reads the zone's file, which else gmtime_r() does when it is called first
  TRY_VOID(give_up_privileges());
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return cannot("make the system call filter", ENOMEM);
  TRY_VOID(add_rules(filter));
  return load(filter);
}

Result<void> confine_with_token() {
  TRY_VOID(give_up_privileges());
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return cannot("make the system call filter", ENOMEM);
  TRY_VOID(add_token_rules(filter));
  return load(filter);
}

}  // namespace muster::signer
