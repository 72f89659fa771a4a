#include "series/series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/log.h"
#include "series/internal/shelf.h"

namespace muster::series {
namespace {

// Stable: points of equal time stay in order of arrival.
void sort_by_time(std::vector<Point>& points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return points[a].at != points[b].at ? points[a].at < points[b].at : a < b;
  });
  std::vector<Point> sorted;
  sorted.reserve(points.size());
  for (const auto place : order) sorted.push_back(points[place]);
  points = std::move(sorted);
}

// The part of a packed chunk that lies in [from, to).
class Window {
 public:
  Window(Instant from, Instant to) : from(millis(from)), to(millis(to)) {}
  template <class Take>
  Result<void> each(ByteView packed, Take take) {
    points_.clear();
    TRY_VOID(unpack(packed, points_));
    for (const auto& point : points_)
      if (point.at >= from && point.at < to) take(point);
    return {};
  }

  const std::int64_t from, to;

 private:
  std::vector<Point> points_;
};

// Points in order of time, of which only the first `limit` matter.
class Gathered {
 public:
  explicit Gathered(std::size_t limit) : limit_(limit) {}
  void add(const Point& point) {
    sorted_ = sorted_ && (points_.empty() || points_.back().at <= point.at);
    points_.push_back(point);
  }
  bool complete_before(std::int64_t start) {  // nothing from `start` on can matter
    if (points_.size() < limit_) return false;
    sort();
    return limit_ == 0 || points_[limit_ - 1].at <= start;
  }
  std::vector<Point> take() {
    sort();
    points_.resize(std::min(points_.size(), limit_));
    return std::move(points_);
  }

 private:
  void sort() {
    if (!sorted_) sort_by_time(points_);
    sorted_ = true;
  }
  std::vector<Point> points_;
  std::size_t limit_;
  bool sorted_ = true;
};

class Buckets {
 public:
  Buckets(std::int64_t from, std::uint64_t step) : from_(from), step_(step) {}
  void add(const Point& point) {
    if (std::isnan(point.value)) return;
    const auto number =
        (static_cast<std::uint64_t>(point.at) - static_cast<std::uint64_t>(from_)) / step_;
    if (last_ == buckets_.end() || last_->first != number)
      last_ = buckets_.try_emplace(number).first;
    auto& bucket = last_->second;
    if (bucket.count++ == 0) {
      bucket.at = static_cast<std::int64_t>(static_cast<std::uint64_t>(from_) + number * step_);
      bucket.min = bucket.max = point.value;
    }
    bucket.min = std::min(bucket.min, point.value);
    bucket.max = std::max(bucket.max, point.value);
    bucket.mean += point.value;  // the sum, until take()
  }
  std::vector<Bucket> take() const {
    std::vector<Bucket> out;
    out.reserve(buckets_.size());
    for (const auto& [number, bucket] : buckets_) {
      out.push_back(bucket);
      out.back().mean /= bucket.count;
    }
    return out;
  }

 private:
  std::int64_t from_;
  std::uint64_t step_;
  std::map<std::uint64_t, Bucket> buckets_;
  std::map<std::uint64_t, Bucket>::iterator last_ = buckets_.end();
};

std::uint64_t bytes_in(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code why;
  for (const auto& entry : std::filesystem::directory_iterator(folder, why))
    if (const auto size = entry.file_size(why); !why) bytes += size;
  return bytes;
}

}  // namespace

Series::Series(std::unique_ptr<Shelf> shelf) : shelf_(std::move(shelf)) {}
Series::Series(Series&&) noexcept = default;

Series::~Series() {
  if (!shelf_) return;
  if (const auto saved = shelf_->cut(); !saved)
    log::error("series", "what is open stays in the log, to be replayed",
               {{"why", saved.error().message}});
}

Result<Series> Series::open(const std::filesystem::path& folder) {
  TRY(auto shelf, Shelf::open(folder));
  return Series(std::move(shelf));
}

Key Series::key(std::string_view device, std::string_view metric) {
  return shelf_->directory.number_of(device, metric);
}

std::vector<std::string> Series::metrics(std::string_view device) const {
  return shelf_->directory.metrics(device);
}

Result<void> Series::append(std::span<const Sample> samples) {
  return shelf_->append(samples);
}

Result<void> Series::sync() {
  return shelf_->log.sync();
}

Result<void> Series::flush() {
  shelf_->seal_all();
  TRY_VOID(shelf_->cut());
  return {};
}

Result<std::vector<Point>> Series::range(Key key, Instant from, Instant to,
                                         std::size_t limit) const {
  Window window(from, to);
  Gathered gathered(limit);
  Result<void> unpacked;
  const auto take = [&](ByteView packed) {
    if (unpacked) unpacked = window.each(packed, [&](const Point& point) { gathered.add(point); });
  };
  TRY_VOID(shelf_->file.each_chunk(key, window.from, window.to,
                                   [&](std::int64_t start, ByteView packed) {
                                     if (gathered.complete_before(start)) return false;
                                     take(packed);
                                     return unpacked.has_value();
                                   }));
  shelf_->each_fresh(key, window.from, window.to, take);
  TRY_VOID(std::move(unpacked));
  return gathered.take();
}

Result<std::optional<Point>> Series::latest(Key key) const {
  std::optional<Point> newest;
  std::vector<Point> points;
  Result<void> unpacked;
  const auto take = [&](ByteView packed) {
    points.clear();
    if (unpacked) unpacked = unpack(packed, points);
    for (const auto& point : points)
      if (!newest || point.at >= newest->at) newest = point;
  };
  TRY_VOID(shelf_->file.newest_chunk(key, [&](std::int64_t, ByteView packed) {
    take(packed);
    return false;
  }));
  shelf_->each_fresh(key, newest ? newest->at : std::numeric_limits<std::int64_t>::min(),
                     std::numeric_limits<std::int64_t>::max(), take);
  TRY_VOID(std::move(unpacked));
  return newest;
}

Result<std::vector<Bucket>> Series::downsample(Key key, Instant from, Instant to,
                                               Duration step) const {
  if (step.count() <= 0) return fail(Fault::invalid, "must be longer than 0 ms", "step");
  Window window(from, to);
  Buckets buckets(window.from, static_cast<std::uint64_t>(step.count()));
  Result<void> unpacked;
  const auto take = [&](ByteView packed) {
    if (unpacked) unpacked = window.each(packed, [&](const Point& point) { buckets.add(point); });
  };
  TRY_VOID(shelf_->file.each_chunk(key, window.from, window.to, [&](std::int64_t, ByteView packed) {
    take(packed);
    return unpacked.has_value();
  }));
  shelf_->each_fresh(key, window.from, window.to, take);
  TRY_VOID(std::move(unpacked));
  return buckets.take();
}

Result<std::size_t> Series::forget_before(Instant before) {
  shelf_->seal_all(millis(before));
  TRY(const auto forgotten, shelf_->cut(millis(before)));
  return static_cast<std::size_t>(forgotten);
}

Stats Series::stats() const {
  return {.keys = shelf_->directory.size(),
          .points_appended = shelf_->sequence,
          .chunks = shelf_->file.chunks() + shelf_->batch.chunks.size(),
          .log_bytes = shelf_->log.bytes(),
          .bytes_on_disk = bytes_in(shelf_->folder)};
}

}  // namespace muster::series
