// Files by digest. A file is on disk, under its name, before the store says that it is here; one
// that the store does not know is of no use to anybody and is written over by the next upload.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "release/internal/vault.h"

namespace muster::release {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> cannot(const std::string& what, const fs::path& path, std::error_code why) {
  return fail(Fault::unavailable, "cannot " + what + " " + path.string() + ": " + why.message());
}

Result<void> sync_to_disk(const fs::path& path, int kind) {
  const int file = ::open(path.c_str(), kind | O_CLOEXEC);
  if (file < 0) return cannot("open", path, {errno, std::generic_category()});
  const int failed = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  if (failed) return cannot("write to disk", path, {failed, std::generic_category()});
  return {};
}

Result<void> make_folder(const fs::path& path) {
  std::error_code why;
  if (fs::is_directory(path, why)) return {};
  fs::create_directories(path, why);
  if (why) return cannot("make the folder", path, why);
  fs::permissions(path, fs::perms::owner_all, why);
  return sync_to_disk(path.parent_path().empty() ? fs::path(".") : path.parent_path(),
                      O_RDONLY | O_DIRECTORY);
}

struct Removed {  // unless it was moved away
  const fs::path& path;
  ~Removed() {
    std::error_code ignored;  // a file left in the spool is removed at the next start
    fs::remove(path, ignored);
  }
};

}  // namespace

fs::path Releases::Vault::path_of(const std::string& sha256) const {
  return folder / sha256.substr(0, 2) / sha256;
}

// What is still in the spool at the start is of uploads that were cut off.
Result<void> Releases::Vault::make_folders() const {
  std::error_code why;
  fs::remove_all(folder / "spool", why);
  if (why) return cannot("clear", folder / "spool", why);
  TRY_VOID(make_folder(folder));
  return make_folder(folder / "spool");
}

fs::path Releases::spool() const {
  return vault_->folder / "spool";
}

Result<Artifact> Releases::artifact(const std::string& sha256) const {
  const auto at = vault_->artifacts.find(sha256);
  if (at == vault_->artifacts.end())
    return fail(Fault::missing, "there is no artifact with this digest");
  return Artifact{at->first, at->second, vault_->path_of(at->first)};
}

Result<Artifact> Releases::take_artifact(const fs::path& spooled, ByteView sha256,
                                         std::uint64_t size, ByteView expected_sha256,
                                         ledger::Actor by) {
  if (spooled.parent_path() != spool())
    return fail(Fault::invalid, "an upload is taken from the spool folder only");
  const Removed removed{spooled};
  if (sha256.size() != sizeof(crypto::Hash))
    return fail(Fault::invalid, "a SHA-256 has 32 octets", "/sha256");
  if (!expected_sha256.empty() && !crypto::equal_in_constant_time(sha256, expected_sha256))
    return fail(Fault::corrupt,
                "what arrived is not what was announced: its SHA-256 is " + to_hex(sha256) +
                    "; upload it again",
                "/sha256");
  if (size == 0) return fail(Fault::invalid, "an artifact is not empty");
  std::error_code why;
  const auto on_disk = fs::file_size(spooled, why);
  if (why) return cannot("read", spooled, why);
  if (on_disk != size)
    return fail(Fault::corrupt, "the upload was cut: " + std::to_string(on_disk) + " of " +
                                    std::to_string(size) + " octets are here");
  const std::string digest = to_hex(sha256);
  if (vault_->artifacts.contains(digest)) return artifact(digest);

  const auto path = vault_->path_of(digest);
  TRY_VOID(sync_to_disk(spooled, O_RDONLY));
  TRY_VOID(make_folder(path.parent_path()));
  fs::rename(spooled, path, why);
  if (why) return cannot("move an upload to", path, why);
  TRY_VOID(sync_to_disk(path.parent_path(), O_RDONLY | O_DIRECTORY));
  vault_->ledger
      .record({std::move(by), "artifact.taken", "artifact/" + digest,
               wire::Json::object({{"size", size}})})
      .write("INSERT INTO release_artifact(sha256, size) VALUES(?,?)",
             {digest, static_cast<std::int64_t>(size)});
  vault_->artifacts.emplace(digest, size);
  return Artifact{digest, size, path};
}

}  // namespace muster::release
