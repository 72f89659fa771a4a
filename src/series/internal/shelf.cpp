#include "series/internal/shelf.h"

#include <algorithm>

#include "base/log.h"

namespace muster::series {
namespace {

constexpr std::size_t chunk_points = 120;
constexpr std::size_t batch_chunks = 2048;             // rows a transaction
constexpr std::uint64_t log_bytes_max = 128ull << 20;  // about a second of replay

}  // namespace

Result<std::unique_ptr<Series::Shelf>> Series::Shelf::open(const std::filesystem::path& folder) {
  std::error_code why;
  std::filesystem::create_directories(folder, why);
  if (why) return fail(Fault::unavailable, "cannot make " + folder.string() + ": " + why.message());
  TRY(auto file, ChunkFile::open(folder / "series.db"));
  TRY(const auto found, segments(folder));
  const auto newest = found.empty() ? file.saved().segment : found.back().number;
  TRY(auto log, PointLog::start(folder, std::max(newest, file.saved().segment) + 1));
  auto shelf = std::make_unique<Shelf>(folder, std::move(file), std::move(log));
  TRY_VOID(shelf->recover());
  return shelf;
}

// Ends with an own cut, so that the log that was read is never read again next to a new one.
Result<void> Series::Shelf::recover() {
  TRY_VOID(load());
  std::vector<std::uint64_t> upto(directory.size());
  TRY_VOID(file.each_upto([&](Key key, std::uint64_t number) {
    if (key >= upto.size()) return;
    upto[key] = std::max(upto[key], number);
    sequence = std::max(sequence, number);
    open_[key].packer.clear();  // it was saved before the row that it is in now
    open_[key].changed = true;
  }));
  TRY_VOID(replay_log(upto));
  TRY_VOID(cut());
  return {};
}

Result<void> Series::Shelf::load() {
  TRY_VOID(file.each_key([&](const NewKey& key) { directory.place(key); }));
  directory.mark_saved();
  open_.resize(directory.size());
  sequence = file.saved().sequence;
  std::vector<Point> points;
  return file.each_open([&](Key key, ByteView packed) -> Result<void> {
    points.clear();
    if (key >= open_.size()) return fail(Fault::corrupt, "an open chunk of an unknown key");
    TRY_VOID(unpack(packed, points));
    for (const auto& point : points) open_[key].packer.add(point);
    return {};
  });
}

Result<void> Series::Shelf::replay_log(const std::vector<std::uint64_t>& upto) {
  TRY(const auto found, segments(folder));
  for (const auto& segment : found) {
    if (segment.number < file.saved().segment || segment.number == log.segment()) continue;
    std::uint64_t homeless = 0;
    TRY(const auto done, replay(segment, [&](const Record& record) {
          for (const auto& key : record.keys) homeless += !directory.place(key);
          open_.resize(directory.size());
          auto number = record.first;
          for (const auto& sample : record.samples) {
            const bool known = sample.key < open_.size();
            homeless += !known;
            if (known && number >= file.saved().sequence &&
                (sample.key >= upto.size() || number >= upto[sample.key]))
              add(sample, number);
            ++number;
          }
          sequence = std::max(sequence, number);
        }));
    if (done.octets_lost || homeless)
      log::warning("series", "a damaged part of the log was left out",
                   {{"file", segment.file.string()},
                    {"octets", std::to_string(done.octets_lost)},
                    {"samples_of_lost_keys", std::to_string(homeless)}});
  }
  return {};
}

Result<void> Series::Shelf::drop_segments_before(std::uint64_t segment) {
  TRY(const auto found, segments(folder));
  for (const auto& old : found) {
    std::error_code why;
    if (old.number < segment) std::filesystem::remove(old.file, why);
    if (why)
      return fail(Fault::unavailable, "cannot remove " + old.file.string() + ": " + why.message());
  }
  return {};
}

Result<void> Series::Shelf::check(std::span<const Sample> samples) const {
  for (const auto& sample : samples)
    if (sample.key >= directory.size())
      return fail(Fault::invalid, "no series has the key " + std::to_string(sample.key));
  return {};
}

// Whatever may fail comes before the log is written; after it nothing does.
Result<void> Series::Shelf::append(std::span<const Sample> samples) {
  if (broken_) return std::unexpected(*broken_);
  TRY_VOID(check(samples));
  if (samples.empty() && directory.unlogged().empty()) return {};
  if (log.bytes() >= log_bytes_max) {
    TRY_VOID(cut());
  } else if (batch.chunks.size() >= batch_chunks) {
    TRY_VOID(save());
  }
  TRY_VOID(log.append(sequence, directory.unlogged(), samples));
  directory.mark_logged();
  open_.resize(directory.size());
  for (const auto& sample : samples) add(sample, sequence++);
  return {};
}

void Series::Shelf::add(const Sample& sample, std::uint64_t number) {
  auto& open = open_[sample.key];
  if (open.packer.count() > 0) {
    const auto start = std::min(open.packer.start(), sample.point.at);
    const auto end = std::max(open.packer.end(), sample.point.at);
    const auto span = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start);
    if (span > static_cast<std::uint64_t>(chunk_span_max)) seal(sample.key, number);
  }
  open.packer.add(sample.point);
  open.changed = true;
  if (open.packer.count() >= chunk_points) seal(sample.key, number + 1);
}

void Series::Shelf::seal(Key key, std::uint64_t upto) {
  auto& open = open_[key];
  const auto offset = batch.octets.size();
  open.packer.write_to(batch.octets);
  batch.chunks.push_back({key, static_cast<std::uint32_t>(open.packer.count()), open.packer.start(),
                          open.packer.end(), upto, offset, batch.octets.size() - offset});
  open.packer.clear();
  open.changed = true;
}

void Series::Shelf::seal_all(std::optional<std::int64_t> ending_before) {
  for (Key key = 0; key < open_.size(); ++key) {
    const auto& packer = open_[key].packer;
    if (packer.count() > 0 && (!ending_before || packer.end() < *ending_before))
      seal(key, sequence);
  }
}

Result<void> Series::Shelf::broken(Result<void> result) {
  if (!result) broken_ = result.error();
  return result;
}

Result<void> Series::Shelf::save() {
  if (broken_) return std::unexpected(*broken_);
  if (auto saved = file.save(directory.unsaved(), batch, nullptr); !saved)
    return broken(std::unexpected(saved.error()));
  directory.mark_saved();
  batch.clear();
  return {};
}

Result<std::uint64_t> Series::Shelf::cut(std::optional<std::int64_t> forget) {
  if (broken_) return std::unexpected(*broken_);
  Cut cut{{log.segment() + 1, sequence}, {}, {}};
  TRY(auto next, PointLog::start(folder, cut.at.segment));
  for (Key key = 0; key < open_.size(); ++key)
    if (open_[key].changed) cut.open.push_back(key);
  cut.pack = [&](Key key, Bytes& out) {
    if (open_[key].packer.count() > 0) open_[key].packer.write_to(out);
  };
  auto saved = file.save(directory.unsaved(), batch, &cut, forget);
  if (!saved) {
    broken_ = saved.error();
    return saved;
  }
  directory.mark_saved();
  batch.clear();
  for (const auto key : cut.open) open_[key].changed = false;
  log = std::move(next);
  TRY_VOID(drop_segments_before(log.segment()));
  return saved;
}

void Series::Shelf::each_fresh(Key key, std::int64_t from, std::int64_t to,
                               const std::function<void(ByteView)>& visit) const {
  for (const auto& chunk : batch.chunks)
    if (chunk.key == key && chunk.start < to && chunk.end >= from) visit(batch.packed(chunk));
  if (key >= open_.size()) return;
  const auto& packer = open_[key].packer;
  if (packer.count() == 0 || packer.start() >= to || packer.end() < from) return;
  Bytes packed;
  packer.write_to(packed);
  visit(packed);
}

}  // namespace muster::series
