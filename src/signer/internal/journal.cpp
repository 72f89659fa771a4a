#include "signer/internal/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace muster::signer {
namespace {

constexpr std::uint64_t journal_max = 1 << 20;

std::unexpected<Error> failure(const std::filesystem::path& path, const char* what) {
  return fail(Fault::unavailable,
              "cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return failure(path, "open");
  TRY(const std::string text, read_file(path, journal_max));
  auto read = read_entries(bytes_of(text));
  if (!read)
    return fail(read.error().fault, path.string() + " is " + read.error().message +
                                        "; it holds the keys of a rollover: restore it");
  if (read->second != text.size() &&
      (::ftruncate(file.number(), static_cast<off_t>(read->second)) != 0 ||
       ::fsync(file.number()) != 0))
    return failure(path, "cut the torn end of");
  TRY_VOID(sync_folder(path.parent_path()));
  Journal out(path, std::move(file));
  out.entries_ = std::move(read->first);
  out.octets_ = read->second;
  return out;
}

Result<void> Journal::replace(const std::filesystem::path& path, const Entry& entry) {
  return write_file(path, text_of(pack_entry(entry)), 0600);
}

Result<void> Journal::append(const Entry& entry) {
  if (broken_)
    return fail(Fault::unavailable, path_.string() + " failed earlier; start the signer again");
  const Bytes octets = pack_entry(entry);
  std::size_t done = 0;
  while (done < octets.size()) {
    const auto wrote = ::write(file_.number(), octets.data() + done, octets.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      auto failed = failure(path_, "write to");
      broken_ = ::ftruncate(file_.number(), static_cast<off_t>(octets_)) != 0;
      return failed;
    }
    done += static_cast<std::size_t>(wrote);
  }
  if (::fdatasync(file_.number()) != 0) {
    broken_ = true;
    return failure(path_, "sync");
  }
  octets_ += octets.size();
  return {};
}

}  // namespace muster::signer
