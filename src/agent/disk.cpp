#include "agent/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/private_folder.h"
#include "base/random.h"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t text_max = 1 << 20;

std::unexpected<Error> broken(const char* what, const fs::path& path) {
  return fail(Fault::unavailable,
              std::string("cannot ") + what + " " + path.string() + ": " + std::strerror(errno));
}

Result<void> write_all(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return broken("write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> make_folder_of(const fs::path& path) {
  const fs::path folder = path.parent_path();
  if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
  if (errno == EEXIST) return {};
  return broken("make", folder);
}

}  // namespace

Result<Bytes> Disk::read_at(const std::string& name, std::uint64_t, std::size_t) const {
  return fail(Fault::unavailable, "the octets of " + name + " are not kept");
}

Result<FolderDisk> FolderDisk::open(fs::path folder) {
  TRY_VOID(make_private_folder(folder));
  return FolderDisk(fs::absolute(folder));
}

Result<std::optional<std::string>> FolderDisk::read(const std::string& name) const {
  struct stat status{};
  if (::stat(path(name).c_str(), &status) != 0)
    return errno == ENOENT ? Result<std::optional<std::string>>(std::nullopt)
                           : broken("read", path(name));
  auto text = read_file(path(name), text_max);
  if (text) return std::move(*text);
  const bool ours = status.st_size <= static_cast<off_t>(text_max);
  return fail(ours ? Fault::unavailable : Fault::corrupt, std::move(text.error().message));
}

Result<void> FolderDisk::write(const std::string& name, std::string_view text) {
  TRY_VOID(make_folder_of(path(name)));
  return write_file(path(name), text, 0600);
}

Result<void> FolderDisk::append(const std::string& name, ByteView bytes) {
  const fs::path target = path(name);
  TRY_VOID(make_folder_of(target));
  const Descriptor fd(
      ::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return broken("write", target);
  return write_all(fd.number(), text_of(bytes), target);
}

Result<void> FolderDisk::sync(const std::string& name) {
  const Descriptor fd(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.number()) != 0) return broken("fsync", path(name));
  return sync_folder(path(name).parent_path());
}

Result<void> FolderDisk::move(const std::string& from, const std::string& to) {
  TRY_VOID(make_folder_of(path(to)));
  if (::rename(path(from).c_str(), path(to).c_str()) != 0) return broken("move", path(from));
  TRY_VOID(sync_folder(path(to).parent_path()));
  return sync_folder(path(from).parent_path());
}

Result<void> FolderDisk::remove(const std::string& name) {
  if (::unlink(path(name).c_str()) == 0) return sync_folder(path(name).parent_path());
  if (errno == ENOENT) return {};
  return broken("remove", path(name));
}

Result<void> FolderDisk::shred(const std::string& name) {
  {
    const Descriptor fd(::open(path(name).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd && errno == ENOENT) return {};
    if (!fd) return broken("overwrite", path(name));
    struct stat status{};
    if (::fstat(fd.number(), &status) != 0) return broken("look at", path(name));
    SystemRandom random;
    std::string piece(16384, '\0');
    for (auto left = static_cast<std::uint64_t>(status.st_size); left > 0; left -= piece.size()) {
      if (left < piece.size()) piece.resize(left);
      random.fill({reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()});
      TRY_VOID(write_all(fd.number(), piece, path(name)));
    }
    if (::fsync(fd.number()) != 0) return broken("fsync", path(name));
  }
  return remove(name);
}

Result<std::uint64_t> FolderDisk::size(const std::string& name) const {
  struct stat status{};
  if (::stat(path(name).c_str(), &status) == 0) return static_cast<std::uint64_t>(status.st_size);
  if (errno == ENOENT) return 0;
  return broken("look at", path(name));
}

Result<crypto::Hash> FolderDisk::digest(const std::string& name) const {
  crypto::Sha256 sha;
  if (auto all = read_file(path(name), UINT64_MAX, [&](ByteView piece) { sha.update(piece); });
      !all)
    return fail(Fault::unavailable, std::move(all.error().message));
  return sha.finish();
}

Result<Bytes> FolderDisk::read_at(const std::string& name, std::uint64_t from,
                                  std::size_t most) const {
  const Descriptor fd(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return broken("read", path(name));
  Bytes out(most);
  std::size_t have = 0;
  while (have < most) {
    const auto got =
        ::pread(fd.number(), out.data() + have, most - have, static_cast<off_t>(from + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return broken("read", path(name));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

// --- in memory ---

Result<std::optional<std::string>> MemoryDisk::read(const std::string& name) const {
  const auto at = texts_.find(name);
  if (at == texts_.end()) return std::nullopt;
  return at->second;
}

Result<void> MemoryDisk::write(const std::string& name, std::string_view text) {
  texts_[name] = std::string(text);
  return {};
}

Result<void> MemoryDisk::append(const std::string& name, ByteView bytes) {
  File& file = files_[name];
  if (file.size == 0) file.running = std::make_unique<crypto::Sha256>();
  if (!file.running)
    return fail(Fault::conflict, name + " was closed when its digest was asked for; remove it");
  file.running->update(bytes);
  file.size += bytes.size();
  return {};
}

Result<void> MemoryDisk::sync(const std::string&) {
  return {};
}

Result<void> MemoryDisk::move(const std::string& from, const std::string& to) {
  auto moved = files_.extract(from);
  if (moved.empty()) return fail(Fault::missing, "there is no " + from);
  files_.erase(to);
  moved.key() = to;
  files_.insert(std::move(moved));
  return {};
}

Result<void> MemoryDisk::remove(const std::string& name) {
  texts_.erase(name);
  files_.erase(name);
  return {};
}

Result<void> MemoryDisk::shred(const std::string& name) {
  return remove(name);
}

Result<std::uint64_t> MemoryDisk::size(const std::string& name) const {
  if (const auto at = files_.find(name); at != files_.end()) return at->second.size;
  const auto text = texts_.find(name);
  return text == texts_.end() ? 0 : text->second.size();
}

Result<crypto::Hash> MemoryDisk::digest(const std::string& name) const {
  const auto at = files_.find(name);
  if (at == files_.end()) return fail(Fault::missing, "there is no " + name);
  if (at->second.running) {
    at->second.digest = at->second.running->finish();
    at->second.running.reset();
  }
  return at->second.digest;
}

}  // namespace muster::agent
