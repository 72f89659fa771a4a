#include "muster/tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 512;
constexpr std::size_t name_max = 100, prefix_max = 155;
constexpr std::size_t entries_max = 1'000'000;

struct Entry {
  std::string name;  // below the folder, '/' between; of a folder it ends with one
  fs::path path;
  char type = '0';
  std::uint64_t size = 0;
  unsigned mode = 0644;
  std::string target = {};  // of a link
};

std::unexpected<Error> refuse(const std::string& what, const fs::path& path) {
  return fail(Fault::invalid, path.string() + ": " + what, "--from-dir");
}

Result<Entry> entry_of(const fs::path& root, const fs::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return refuse(std::strerror(errno), path);
  Entry entry{.name = path.lexically_relative(root).generic_string(), .path = path};
  if (S_ISLNK(status.st_mode)) {
    std::error_code why;
    entry.type = '2';
    entry.mode = 0777;
    entry.target = fs::read_symlink(path, why).string();
    if (why || entry.target.size() > name_max)
      return refuse("a link whose target cannot be kept; at most 100 octets", path);
  } else if (S_ISDIR(status.st_mode)) {
    entry.type = '5';
    entry.mode = 0755;
    entry.name += '/';
  } else if (S_ISREG(status.st_mode)) {
    entry.size = static_cast<std::uint64_t>(status.st_size);
    if (status.st_mode & S_IXUSR) entry.mode = 0755;
  } else {
    return refuse("is neither a file, a folder nor a link; take it out", path);
  }
  return entry;
}

Result<std::vector<Entry>> entries_below(const fs::path& root) {
  std::error_code why;
  std::vector<Entry> entries;
  for (fs::recursive_directory_iterator at(root, why), end; !why && at != end; at.increment(why)) {
    if (entries.size() >= entries_max) return refuse("holds more than a million entries", root);
    TRY(auto entry, entry_of(root, at->path()));
    entries.push_back(std::move(entry));
  }
  if (why) return refuse(why.message(), root);
  if (entries.empty()) return refuse("is empty", root);
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

void put(char* field, std::size_t width, std::string_view text) {
  std::ranges::copy(text.substr(0, width), field);
}

void put_octal(char* field, std::size_t width, std::uint64_t value) {
  std::snprintf(field, width, "%0*llo", static_cast<int>(width - 1),
                static_cast<unsigned long long>(value));
}

// POSIX.1-2017, pax, "ustar Interchange Format".
Result<std::array<char, block>> header_of(const Entry& entry) {
  std::array<char, block> header{};
  std::string_view name = entry.name, prefix;
  if (name.size() > name_max) {
    const auto slash = name.find('/', name.size() - name_max - 1);
    if (slash == std::string_view::npos || slash > prefix_max || slash + 1 == name.size())
      return refuse("its name is too long for a tar", entry.path);
    prefix = name.substr(0, slash);
    name = name.substr(slash + 1);
  }
  char* const at = header.data();
  put(at, 100, name);
  put_octal(at + 100, 8, entry.mode);
  put_octal(at + 108, 8, 0);
  put_octal(at + 116, 8, 0);
  put_octal(at + 124, 12, entry.size);
  put_octal(at + 136, 12, 0);
  put(at + 148, 8, "        ");
  at[156] = entry.type;
  put(at + 157, 100, entry.target);
  put(at + 257, 8, std::string_view("ustar\00000", 8));
  put_octal(at + 329, 8, 0);
  put_octal(at + 337, 8, 0);
  put(at + 345, prefix_max, prefix);
  unsigned sum = 0;
  for (unsigned char c : header) sum += c;
  put_octal(at + 148, 7, sum);
  return header;
}

Result<void> write_content(const Entry& entry, std::ofstream& out) {
  std::ifstream in(entry.path, std::ios::binary);
  std::array<char, 64 * 1024> piece;
  std::uint64_t left = entry.size;
  while (left > 0) {
    in.read(piece.data(),
            static_cast<std::streamsize>(std::min<std::uint64_t>(left, piece.size())));
    if (in.gcount() <= 0) return refuse("cannot be read, or became shorter meanwhile", entry.path);
    out.write(piece.data(), in.gcount());
    left -= static_cast<std::uint64_t>(in.gcount());
  }
  constexpr std::array<char, block> zeros{};
  out.write(zeros.data(), static_cast<std::streamsize>((block - entry.size % block) % block));
  return {};
}

}  // namespace

Result<void> pack_tree(const fs::path& folder, const fs::path& file) {
  TRY(const auto entries, entries_below(folder));
  const fs::path draft = file.string() + ".new";
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  for (const auto& entry : entries) {
    TRY(const auto header, header_of(entry));
    out.write(header.data(), header.size());
    TRY_VOID(write_content(entry, out));
  }
  constexpr std::array<char, 2 * block> end{};
  out.write(end.data(), end.size());
  out.close();
  std::error_code why;
  if (out) fs::rename(draft, file, why);
  if (!out || why)
    return fail(Fault::unavailable,
                "cannot write " + file.string() + (why ? ": " + why.message() : ""));
  return {};
}

}  // namespace muster
