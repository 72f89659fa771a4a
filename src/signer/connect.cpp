#include "signer/connect.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace muster::signer {
namespace {

constexpr int listen_backlog = 8;
constexpr int its_descriptor = 3;

std::unexpected<Error> cannot(const char* what, const std::string& which) {
  return fail(Fault::unavailable,
              "cannot " + std::string(what) + " " + which + ": " + std::strerror(errno));
}

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof address.sun_path)
    return fail(Fault::invalid, "a socket's path has 1 to 107 octets: " + text);
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

const sockaddr* as_any(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<Descriptor> new_socket() {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) return cannot("make a", "socket");
  return made;
}

// In the grandchild, where only what is safe after fork() in a process with threads may be called.
[[noreturn]] void run(int line, const char* program, char* const* arguments) {
  // dup2() onto itself would leave the descriptor to be closed by execv().
  if (line == its_descriptor ? ::fcntl(line, F_SETFD, 0) != 0 : ::dup2(line, its_descriptor) < 0)
    ::_exit(127);
  ::close_range(its_descriptor + 1, ~0U, 0);
  ::setsid();
  ::execv(program, arguments);
  ::_exit(127);
}

}  // namespace

Result<Descriptor> connect_to(const std::filesystem::path& socket) {
  TRY(const auto address, address_of(socket));
  TRY(auto made, new_socket());
  if (::connect(made.number(), as_any(address), sizeof address) != 0)
    return cannot("reach the signer at", socket.string());
  return made;
}

Result<Descriptor> listen_at(const std::filesystem::path& socket) {
  TRY(const auto address, address_of(socket));
  if (connect_to(socket))
    return fail(Fault::conflict, "a signer listens at " + socket.string() + " already");
  struct stat there{};
  if (::lstat(socket.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode))
      return fail(Fault::conflict, socket.string() + " is there, and is not a socket");
    ::unlink(socket.c_str());
  }
  TRY(auto made, new_socket());
  if (::bind(made.number(), as_any(address), sizeof address) != 0 ||
      ::chmod(socket.c_str(), 0666) != 0 || ::listen(made.number(), listen_backlog) != 0)
    return cannot("listen at", socket.string());
  return made;
}

Result<Descriptor> start(const std::filesystem::path& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program.string());
  arguments.insert(arguments.end(), {"--fd", std::to_string(its_descriptor)});
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (std::string& word : arguments) words.push_back(word.data());
  words.push_back(nullptr);
  if (::access(program.c_str(), X_OK) != 0) return cannot("run", program.string());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return cannot("make a pair of", "sockets");
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return cannot("start", program.string());
  if (child == 0) {
    const pid_t grandchild = ::fork();
    if (grandchild == 0) run(theirs.number(), program.c_str(), words.data());
    ::_exit(grandchild < 0 ? 1 : 0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0)
    return fail(Fault::unavailable,
                "cannot start " + program.string() + ": there is no process left for it");
  return ours;
}

}  // namespace muster::signer
