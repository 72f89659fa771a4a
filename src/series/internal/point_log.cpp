#include "series/internal/point_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/file.h"
#include "series/internal/crc32c.h"
#include "series/internal/octets.h"

namespace muster::series {
namespace {

constexpr std::string_view segment_mark = "MSTRLOG1";
constexpr std::string_view record_mark = "MREC";
constexpr std::size_t segment_head = 16;  // the mark, then the segment's number
constexpr std::size_t record_head = 12;   // the mark, octets of the body, CRC-32C of the body
constexpr std::size_t body_head = 16;     // first sequence number, count of keys, of samples
constexpr std::size_t key_head = 8;       // key, octets of the device's and of the metric's name
constexpr std::size_t sample_bytes = 20;  // key, time, value

std::unexpected<Error> failure(const std::filesystem::path& file, const char* what) {
  const int why = errno;
  const bool full = why == ENOSPC || why == EDQUOT || why == EFBIG;
  return fail(full ? Fault::exhausted : Fault::unavailable,
              "cannot " + std::string(what) + " " + file.string() + ": " + std::strerror(why) +
                  (full ? "; free some space on the disk" : "; check that the disk is sound"));
}

void put_text(std::uint8_t*& out, std::string_view text) {
  std::copy(text.begin(), text.end(), out);
  out += text.size();
}

void put_sample(std::uint8_t*& out, const Sample& sample) {
  put(out, sample.key);
  put(out, sample.point.at);
  put(out, std::bit_cast<std::uint64_t>(sample.point.value));
}

std::size_t body_size(std::span<const NewKey> keys, std::size_t samples) {
  std::size_t size = body_head + samples * sample_bytes;
  for (const auto& key : keys) size += key_head + key.device.size() + key.metric.size();
  return size;
}

}  // namespace

PointLog::PointLog(std::filesystem::path file, std::uint64_t segment, int descriptor)
    : file_(std::move(file)), segment_(segment), descriptor_(descriptor) {}

PointLog::PointLog(PointLog&& other) noexcept
    : file_(std::move(other.file_)),
      segment_(other.segment_),
      bytes_(other.bytes_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      unusable_(other.unusable_),
      record_(std::move(other.record_)) {}

PointLog& PointLog::operator=(PointLog&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(segment_, other.segment_);
  std::swap(bytes_, other.bytes_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(unusable_, other.unusable_);
  std::swap(record_, other.record_);
  return *this;
}

PointLog::~PointLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<PointLog> PointLog::start(const std::filesystem::path& folder, std::uint64_t segment) {
  const auto file = folder / ("points-" + std::to_string(segment) + ".log");
  const int opened =
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (opened < 0) return failure(file, "make");
  PointLog log(file, segment, opened);
  Bytes head(segment_head);
  auto* out = head.data();
  put_text(out, segment_mark);
  put(out, segment);
  TRY_VOID(log.write_whole(head));
  TRY_VOID(sync_folder(folder));
  return log;
}

Result<void> PointLog::write_whole(ByteView bytes) {
  if (unusable_)
    return fail(Fault::unavailable,
                file_.string() + " could not be repaired after a failed write; start again");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto wrote = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR) {
      auto failed = failure(file_, "write to");
      unusable_ = done > 0 && ::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0;
      return failed;
    }
  }
  bytes_ += bytes.size();
  return {};
}

Result<void> PointLog::append(std::uint64_t first, std::span<const NewKey> keys,
                              std::span<const Sample> samples) {
  const auto size = body_size(keys, samples.size());
  if (samples.size() > record_samples_max || size > record_bytes_max)
    return fail(Fault::invalid, "a batch holds at most " + std::to_string(record_samples_max) +
                                    " samples; send it in parts");
  record_.resize(record_head + size);
  auto* out = record_.data() + record_head;
  put(out, first);
  put(out, static_cast<std::uint32_t>(keys.size()));
  put(out, static_cast<std::uint32_t>(samples.size()));
  for (const auto& key : keys) {
    put(out, key.key);
    put(out, static_cast<std::uint16_t>(key.device.size()));
    put(out, static_cast<std::uint16_t>(key.metric.size()));
    put_text(out, key.device);
    put_text(out, key.metric);
  }
  for (const auto& sample : samples) put_sample(out, sample);
  auto* head = record_.data();
  put_text(head, record_mark);
  put(head, static_cast<std::uint32_t>(size));
  put(head, crc32c(ByteView(record_).subspan(record_head)));
  return write_whole(record_);
}

Result<void> PointLog::sync() {
  if (::fdatasync(descriptor_) != 0) {
    unusable_ = true;  // the kernel may have dropped the pages: a second try would lie
    return failure(file_, "sync");
  }
  return {};
}

Result<std::vector<Segment>> segments(const std::filesystem::path& folder) {
  std::vector<Segment> found;
  std::error_code why;
  for (const auto& entry : std::filesystem::directory_iterator(folder, why)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("points-") || !name.ends_with(".log")) continue;
    Segment segment{0, entry.path()};
    const auto* end = name.data() + name.size() - 4;
    if (std::from_chars(name.data() + 7, end, segment.number).ptr == end) found.push_back(segment);
  }
  if (why) return fail(Fault::unavailable, "cannot list " + folder.string() + ": " + why.message());
  std::sort(found.begin(), found.end(),
            [](const Segment& a, const Segment& b) { return a.number < b.number; });
  return found;
}

namespace {

std::optional<Record> parse_body(ByteView body) {
  if (body.size() < body_head) return {};
  const auto* in = body.data();
  const auto* end = body.data() + body.size();
  Record record;
  record.first = get<std::uint64_t>(in);
  const std::size_t keys = get<std::uint32_t>(in), samples = get<std::uint32_t>(in);
  for (std::size_t i = 0; i < keys; ++i) {
    if (static_cast<std::size_t>(end - in) < key_head) return {};
    NewKey key{get<std::uint32_t>(in), {}, {}};
    const std::size_t device = get<std::uint16_t>(in), metric = get<std::uint16_t>(in);
    if (static_cast<std::size_t>(end - in) < device + metric) return {};
    key.device = text_of({in, device});
    key.metric = text_of({in + device, metric});
    in += device + metric;
    record.keys.push_back(std::move(key));
  }
  if (static_cast<std::size_t>(end - in) != samples * sample_bytes) return {};
  record.samples.reserve(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const auto key = get<std::uint32_t>(in);
    const auto at = get<std::int64_t>(in);
    record.samples.push_back({key, {at, std::bit_cast<double>(get<std::uint64_t>(in))}});
  }
  return record;
}

// The octets of the record that starts here; empty when what is here is no whole record.
ByteView record_at(ByteView bytes) {
  if (bytes.size() < record_head || !text_of(bytes).starts_with(record_mark)) return {};
  const auto* in = bytes.data() + record_mark.size();
  const std::size_t size = get<std::uint32_t>(in);
  const auto crc = get<std::uint32_t>(in);
  if (size > record_bytes_max || size > bytes.size() - record_head) return {};
  if (crc32c(bytes.subspan(record_head, size)) != crc) return {};
  return bytes.first(record_head + size);
}

}  // namespace

Result<Replay> replay(const Segment& segment, const std::function<void(const Record&)>& each) {
  std::ifstream file(segment.file, std::ios::binary | std::ios::ate);
  Bytes bytes(file ? static_cast<std::size_t>(file.tellg()) : 0);
  file.seekg(0).read(reinterpret_cast<char*>(bytes.data()),
                     static_cast<std::streamsize>(bytes.size()));
  if (!file) return fail(Fault::unavailable, "cannot read " + segment.file.string());
  return replay(bytes, each);
}

Replay replay(ByteView segment, const std::function<void(const Record&)>& each) {
  Replay done;
  ByteView rest = segment.subspan(std::min(segment_head, segment.size()));
  while (!rest.empty()) {
    const ByteView whole = record_at(rest);
    const auto record = whole.empty() ? std::nullopt : parse_body(whole.subspan(record_head));
    if (record) {
      each(*record);
      ++done.records;
      rest = rest.subspan(whole.size());
    } else {
      const auto lost = std::min(text_of(rest).find(record_mark, 1), rest.size());
      done.octets_lost += lost;
      rest = rest.subspan(lost);
    }
  }
  return done;
}

}  // namespace muster::series
