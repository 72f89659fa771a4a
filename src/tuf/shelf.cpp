#include "tuf/shelf.h"

#include "base/file.h"

namespace muster::tuf {

Result<FolderShelf> FolderShelf::open(std::filesystem::path folder) {
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) return fail(Fault::unavailable, folder.string() + ": " + ec.message());
  return FolderShelf(std::move(folder));
}

Result<std::optional<std::string>> FolderShelf::read(const std::string& name,
                                                     std::size_t max) const {
  std::error_code ec;
  if (!std::filesystem::exists(folder_ / name, ec) && !ec) return std::optional<std::string>{};
  TRY(std::string text, read_file(folder_ / name, max));
  return std::optional(std::move(text));
}

Result<void> FolderShelf::write(const std::string& name, std::string_view text) {
  return write_file(folder_ / name, text);
}

Result<void> FolderShelf::remove(const std::string& name) {
  std::error_code ec;
  if (!std::filesystem::remove(folder_ / name, ec) && !ec) return {};
  if (ec) return fail(Fault::unavailable, (folder_ / name).string() + ": " + ec.message());
  return sync_folder(folder_);
}

Result<std::optional<std::string>> MemoryShelf::read(const std::string& name,
                                                     std::size_t max) const {
  const auto here = texts_.find(name);
  if (here == texts_.end()) return std::optional<std::string>{};
  if (here->second.size() > max) return fail(Fault::invalid, name + ": too large");
  return std::optional(here->second);
}

Result<void> MemoryShelf::write(const std::string& name, std::string_view text) {
  texts_[name] = text;
  return {};
}

Result<void> MemoryShelf::remove(const std::string& name) {
  texts_.erase(name);
  return {};
}

}  // namespace muster::tuf
