#include "crypto/internal/key_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/descriptor.h"
#include "base/file.h"

namespace muster::crypto {
namespace {

constexpr std::size_t key_file_bytes_max = 64 * 1024;

std::unexpected<Error> failed(const std::filesystem::path& path, const char* doing) {
  const int code = errno;
  return fail(code == ENOENT ? Fault::missing : Fault::unavailable,
              path.string() + ": cannot " + doing + ": " + std::generic_category().message(code));
}

Result<void> write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, "write");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (fsync(fd) != 0) return failed(path, "fsync");
  return {};
}

// False when `to` exists. File systems without RENAME_NOREPLACE get a plain rename.
Result<bool> move_without_replacing(const std::string& from, const std::filesystem::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS) return failed(to, "rename into place");
  if (std::filesystem::exists(to)) return false;
  if (rename(from.c_str(), to.c_str()) != 0) return failed(to, "rename into place");
  return true;
}

}  // namespace

Secret::~Secret() {
  OPENSSL_cleanse(text_.data(), text_.size());
}

Result<Secret> read_key_file(const std::filesystem::path& path) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return failed(path, "open");
  struct stat about{};
  if (fstat(fd.number(), &about) != 0) return failed(path, "stat");
  if (!S_ISREG(about.st_mode)) return fail(Fault::invalid, path.string() + ": not a file");
  if (about.st_mode & 0007)
    return fail(Fault::forbidden,
                path.string() + ": everybody may use this private key; chmod 600 it");
  if (about.st_size > static_cast<off_t>(key_file_bytes_max))
    return fail(Fault::invalid, path.string() + ": too large for a private key");
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = read(fd.number(), text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, "read");
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return Secret(std::move(text));
}

Result<bool> write_new_key_file(const std::filesystem::path& path, std::string_view text) {
  std::string fresh = path.string() + ".XXXXXX";
  const Descriptor fd(mkostemp(fresh.data(), O_CLOEXEC));  // 0600
  if (!fd) return failed(path, "make a file beside it");
  auto written = write_all(fd.number(), text, path);
  Result<bool> moved =
      written ? move_without_replacing(fresh, path) : std::unexpected(std::move(written).error());
  if (!moved || !*moved) {
    unlink(fresh.c_str());
    return moved;
  }
  TRY_VOID(sync_folder(path.parent_path()));
  return true;
}

}  // namespace muster::crypto
