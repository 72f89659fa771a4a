#include "signer/internal/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "signer/internal/octets.h"

namespace muster::signer {
namespace {

constexpr std::uint64_t journal_max = 1 << 20;
constexpr std::size_t pem_max = 4096, certificates_max = 4, digest_octets = 32;

std::unexpected<Error> failure(const std::filesystem::path& path, const char* what) {
  return fail(Fault::unavailable,
              "cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

// Length, content, SHA-256 of both.
Bytes packed(const Entry& entry) {
  Packer body;
  body.number(static_cast<std::uint8_t>(entry.mark));
  body.raw(entry.rollover);
  body.number(static_cast<std::uint8_t>(entry.scope));
  body.counted<std::uint16_t>(entry.root_key_pem);
  body.counted<std::uint16_t>(entry.issuing_key_pem);
  body.number(static_cast<std::uint8_t>(entry.certificates.size()));
  for (const Bytes& der : entry.certificates) body.counted<std::uint16_t>(der);
  const Bytes content = body.take();
  Packer out;
  out.counted<std::uint32_t>(content);
  Bytes octets = out.take();
  const crypto::Hash digest = crypto::sha256(octets);
  octets.insert(octets.end(), digest.begin(), digest.end());
  return octets;
}

Result<Entry> unpack(ByteView content) {
  Unpacker in(content, "step of a rollover");
  Entry entry;
  TRY(const auto mark, in.number<std::uint8_t>());
  if (mark < 1 || mark > static_cast<std::uint8_t>(Mark::settled))
    return in.refuse("a mark that does not exist");
  entry.mark = static_cast<Mark>(mark);
  TRY(const ByteView id, in.octets(entry.rollover.size()));
  std::ranges::copy(id, entry.rollover.begin());
  TRY(const auto scope, in.number<std::uint8_t>());
  if (scope < 1 || scope > 2) return in.refuse("a scope that does not exist");
  entry.scope = static_cast<Scope>(scope);
  TRY(entry.root_key_pem, in.text<std::uint16_t>(pem_max));
  TRY(entry.issuing_key_pem, in.text<std::uint16_t>(pem_max));
  TRY(const auto count, in.number<std::uint8_t>());
  if (count > certificates_max) return in.refuse("too many certificates");
  for (std::uint8_t i = 0; i < count; ++i) {
    TRY(const ByteView der, in.counted<std::uint16_t>(crypto::certificate_bytes_max));
    entry.certificates.emplace_back(der.begin(), der.end());
  }
  TRY_VOID(in.end());
  return entry;
}

// The entries, and where the last whole one ends.
Result<std::pair<std::vector<Entry>, std::uint64_t>> read_entries(ByteView all) {
  std::vector<Entry> entries;
  std::size_t at = 0;
  while (all.size() - at >= 4) {
    Unpacker head(all.subspan(at, 4), "length");
    TRY(const auto length, head.number<std::uint32_t>());
    const std::size_t whole = 4 + std::size_t{length} + digest_octets;
    if (whole > all.size() - at) break;
    const ByteView hashed = all.subspan(at, 4 + length);
    const ByteView digest = all.subspan(at + 4 + length, digest_octets);
    const bool last = at + whole == all.size();
    if (!std::ranges::equal(crypto::sha256(hashed), digest)) {
      if (last) break;  // its octets were not all written
      return fail(Fault::corrupt, "damaged at octet " + std::to_string(at));
    }
    TRY(auto entry, unpack(hashed.subspan(4)));
    entries.push_back(std::move(entry));
    at += whole;
  }
  return std::pair(std::move(entries), std::uint64_t{at});
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
  const Descriptor folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.number()) != 0) return failure(path, "sync the folder of");
  Journal out(path, std::move(file));
  out.entries_ = std::move(read->first);
  out.octets_ = read->second;
  return out;
}

Result<void> Journal::replace(const std::filesystem::path& path, const Entry& entry) {
  return write_file(path, text_of(packed(entry)), 0600);
}

Result<void> Journal::append(const Entry& entry) {
  if (broken_)
    return fail(Fault::unavailable, path_.string() + " failed earlier; start the signer again");
  const Bytes octets = packed(entry);
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
