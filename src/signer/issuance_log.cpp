#include "signer/issuance_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/log.h"
#include "signer/internal/record.h"

namespace muster::signer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = 1 << 20;

std::unexpected<Error> failure(const fs::path& path, const char* what) {
  const int why = errno;
  const bool full = why == ENOSPC || why == EDQUOT || why == EFBIG;
  return fail(Fault::unavailable, "cannot " + std::string(what) + " " + path.string() + ": " +
                                      std::strerror(why) +
                                      (full ? "; free some space on the disk" : ""));
}

// With its head whole, or not at all.
Result<void> make(const fs::path& path, Random& random) {
  crypto::Hash name;
  random.fill(name);
  const Bytes head = log_head(name);
  const fs::path draft = path.string() + ".new";
  {
    const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return failure(draft, "make");
    errno = ENOSPC;  // what a write that was cut short means, and does not say
    if (::write(file.number(), head.data(), head.size()) != static_cast<ssize_t>(head.size()) ||
        ::fsync(file.number()) != 0)
      return failure(draft, "write");
  }
  // link(2), not rename(2): a log that came to be meanwhile is not replaced.
  const bool linked = ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
  if (!linked) return failure(path, "make");
  ::unlink(draft.c_str());
  return sync_folder(path.parent_path());
}

// Feeds the whole file to `reader`; `visit` is shown each record and where it begins.
Result<LogHead> read_all(
    const fs::path& path, int file,
    const std::function<Result<void>(const Issuance&, std::uint64_t offset)>& visit) {
  LogReader reader;
  Bytes buffer(piece);
  for (std::uint64_t at = 0;;) {
    const auto count = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(path, "read");
    if (count == 0) break;
    at += static_cast<std::uint64_t>(count);
    reader.feed(ByteView(buffer).first(static_cast<std::size_t>(count)));
    for (std::uint64_t offset = std::max(reader.offset(), std::uint64_t{log_head_octets});;
         offset = reader.offset()) {
      TRY(const auto issuance, reader.next());
      if (!issuance) break;
      TRY_VOID(visit(*issuance, offset));
    }
  }
  return reader.finish();
}

Error about(const fs::path& path, Error error) {
  if (error.fault == Fault::corrupt)
    error.message = path.string() + " is " + error.message +
                    ". Nothing is signed on top of a damaged record: compare what is left with the "
                    "controller's ledger, and restore the file, or move it away to begin a new one";
  return error;
}

Result<void> check_document(const Issuance& issuance) {
  const auto wrong = [&](const char* why) {
    return fail(Fault::corrupt, "not sound: record " + std::to_string(issuance.index) + " " + why);
  };
  if (issuance.kind == Template::revocation_list) {
    if (issuance.document.size() != std::tuple_size_v<crypto::Hash>)
      return wrong("holds no hash of a revocation list");
    return {};
  }
  const auto certificate = crypto::parse_certificate(issuance.document);
  if (!certificate) return wrong("holds no certificate that can be read");
  if (!std::ranges::equal(certificate->serial, issuance.serial) ||
      certificate->common_name != issuance.subject ||
      certificate->is_ca != (issuance.kind == Template::authority))
    return wrong("holds a certificate of another serial, subject or kind than it says");
  return {};
}

}  // namespace

std::size_t IssuanceLog::SerialHash::operator()(const crypto::Serial& serial) const {
  return std::hash<std::string_view>{}(text_of(serial));
}

Result<IssuanceLog> IssuanceLog::open(const fs::path& path, Random& random,
                                      const std::function<void(const Issuance&)>& visit) {
  if (!fs::exists(path)) TRY_VOID(make(path, random));
  Descriptor file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!file) return failure(path, "open");
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0)
    return fail(Fault::conflict, path.string() + " is in use by another signer");
  IssuanceLog log(path, std::move(file));
  auto head = read_all(path, log.file_.number(),
                       [&](const Issuance& issuance, std::uint64_t offset) -> Result<void> {
                         log.remember(issuance, offset);
                         if (visit) visit(issuance);
                         return {};
                       });
  if (!head) return std::unexpected(about(path, std::move(head).error()));
  log.head_ = *head;
  if (head->torn == 0) return log;
  log::warning("signer", "cut off what was not written whole, and so was never told",
               {{"log", path.string()}, {"octets", std::to_string(head->torn)}});
  if (::ftruncate(log.file_.number(), static_cast<off_t>(head->octets)) != 0 ||
      ::fsync(log.file_.number()) != 0)
    return failure(path, "cut the torn end of");
  return log;
}

void IssuanceLog::remember(const Issuance& issuance, std::uint64_t offset) {
  offsets_.push_back(offset);
  if (issuance.kind != Template::revocation_list)
    by_serial_.emplace(issuance.serial, issuance.index);
}

Result<void> IssuanceLog::write_whole(ByteView octets) {
  std::size_t done = 0;
  while (done < octets.size()) {
    const auto wrote = ::write(file_.number(), octets.data() + done, octets.size() - done);
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR) {
      auto failed = failure(path_, "write to");
      broken_ = ::ftruncate(file_.number(), static_cast<off_t>(head_.octets)) != 0;
      return failed;
    }
  }
  if (::fdatasync(file_.number()) == 0) return {};
  auto failed = failure(path_, "sync");
  broken_ = true;  // what the kernel holds and what the disk holds may differ from now on
  return failed;
}

Result<void> IssuanceLog::append(std::span<Issuance> batch) {
  if (broken_)
    return fail(Fault::unavailable, path_.string() + " failed earlier; start the signer again");
  Bytes octets;
  octets.reserve(batch.size() * 1024);
  std::vector<std::uint64_t> offsets;
  LogHead head = head_;
  for (Issuance& issuance : batch) {
    issuance.index = head.size++;
    offsets.push_back(head_.octets + octets.size());
    pack_record(octets, issuance, head.chain);
  }
  const auto written = write_whole(octets);
  if (written.has_value() == failing_) {
    failing_ = !written;
    if (failing_)
      log::error("signer", "nothing is signed until its log can be written",
                 {{"because", written.error().message}});
    else
      log::info("signer", "its log can be written again");
  }
  TRY_VOID(written);
  head_ = {.size = head.size, .chain = head.chain, .octets = head_.octets + octets.size()};
  for (std::size_t i = 0; i < batch.size(); ++i) remember(batch[i], offsets[i]);
  return {};
}

// With the chain value before it, which stands right in front of it, so that a record that is read
// again is checked again.
Result<Issuance> IssuanceLog::read(std::uint64_t index) const {
  const std::uint64_t end = index + 1 < offsets_.size() ? offsets_[index + 1] : head_.octets;
  const std::uint64_t begin = offsets_[index] - chain_octets;
  Bytes octets(end - begin);
  const auto count =
      ::pread(file_.number(), octets.data(), octets.size(), static_cast<off_t>(begin));
  if (count != static_cast<ssize_t>(octets.size())) return failure(path_, "read");
  const ByteView all(octets), record = all.subspan(chain_octets);
  const ByteView hashed = record.first(record.size() - chain_octets);
  if (!std::ranges::equal(crypto::sha256(all.first(chain_octets), hashed),
                          record.last(chain_octets)))
    return fail(Fault::corrupt, "record " + std::to_string(index) + " of " + path_.string() +
                                    " has changed since it was written");
  return unpack_body(hashed.subspan(record_head_octets));
}

Result<std::optional<Issuance>> IssuanceLog::find(const crypto::Serial& serial) const {
  const auto at = by_serial_.find(serial);
  if (at == by_serial_.end()) return std::nullopt;
  TRY(auto issuance, read(at->second));
  return std::optional(std::move(issuance));
}

Result<std::vector<Issuance>> IssuanceLog::since(std::uint64_t index, std::size_t limit) const {
  std::vector<Issuance> out;
  for (; index < head_.size && out.size() < limit; ++index) {
    TRY(auto issuance, read(index));
    out.push_back(std::move(issuance));
  }
  return out;
}

Result<LogHead> verify_log(const fs::path& path,
                           const std::function<void(const Issuance&)>& visit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failure(path, "open");
  auto head = read_all(path, file.number(), [&](const Issuance& issuance, std::uint64_t) {
    auto sound = check_document(issuance);
    if (sound && visit) visit(issuance);
    return sound;
  });
  if (!head) return std::unexpected(about(path, std::move(head).error()));
  return head;
}

}  // namespace muster::signer
