#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_max = 1 << 20;

std::unexpected<Error> cannot(Fault fault, const char* what, const fs::path& path, int error) {
  return fail(fault, std::string("cannot ") + what + " " + path.string() + ": " +
                         (error == EISDIR ? "it is a folder" : std::strerror(error)));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// What can be replaced by a rename: nothing yet, or a regular file.
Result<void> check_replaceable(const fs::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0)
    return errno == ENOENT ? Result<void>{} : cannot(Fault::unavailable, "write", path, errno);
  if (S_ISDIR(about.st_mode)) return cannot(Fault::unavailable, "write", path, EISDIR);
  if (!S_ISREG(about.st_mode))
    return fail(Fault::unavailable, "cannot write " + path.string() +
                                        ": it is no regular file, and so cannot be replaced");
  return {};
}

}  // namespace

Result<std::uint64_t> read_file(const fs::path& path, std::uint64_t max,
                                const std::function<void(ByteView)>& piece) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return cannot(Fault::invalid, "read", path, errno);
  Bytes room(std::min<std::uint64_t>(piece_max - 1, max) + 1);
  std::uint64_t total = 0;
  for (;;) {
    const auto got = ::read(file.number(), room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot(Fault::invalid, "read", path, errno);
    if (got == 0) return total;
    total += static_cast<std::uint64_t>(got);
    if (total > max)
      return fail(Fault::invalid, "cannot use " + path.string() + ": it is larger than " +
                                      std::to_string(max) + " octets");
    piece(ByteView(room).first(static_cast<std::size_t>(got)));
  }
}

Result<std::string> read_file(const fs::path& path, std::uint64_t max) {
  std::string text;
  TRY_VOID(read_file(path, max, [&text](ByteView piece) { text.append(text_of(piece)); }));
  return text;
}

Result<void> write_file(const fs::path& path, std::string_view text, unsigned mode) {
  TRY_VOID(check_replaceable(path));
  const fs::path draft = path.string() + ".new";
  ::unlink(draft.c_str());  // of a program that was killed
  Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return cannot(Fault::unavailable, "write", draft, errno);
  if (!write_all(file.number(), text) || ::fsync(file.number()) != 0 || !file.close() ||
      ::rename(draft.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(draft.c_str());
    return cannot(Fault::unavailable, "write", path, why);
  }
  return sync_folder(path.parent_path());
}

Result<void> sync_folder(const fs::path& path) {
  const fs::path folder = path.empty() ? "." : path;
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!open || ::fsync(open.number()) != 0)
    return cannot(Fault::unavailable, "fsync", folder, errno);
  return {};
}

}  // namespace muster
