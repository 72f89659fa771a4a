// series -- telemetry history: points (time, value) per key, Gorilla-compressed into chunks that
// are rows of an embedded SQLite file, with an append-only raw-point log in front so that what was
// appended survives kill -9.
//
// append() writes the whole batch to the log with one write(2) before it returns; sync() makes it
// survive a power cut. Open chunks live in memory and become rows when they hold 120 points (or at
// flush()). When the log reaches 128 MiB, the open chunks are saved beside the rows and the log
// starts anew: that append() takes the longer for it. Reopening replays the log: repeats are
// recognised, a torn tail is cut off. Points of one key may come late: they are kept, as are
// points of equal time, and range() returns them in order of time.
//
// A failed append has stored nothing. After the chunk file has failed, every later append fails
// until the folder is opened again. The folder is held exclusively (conflict).
//
// Not thread safe: each telemetry worker owns one Series. No clock: points bring their time.
// Formats: docs/formats/series.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace muster::series {

struct Point {
  std::int64_t at = 0;  // ms since 1970 UTC
  double value = 0;
};

using Key = std::uint32_t;  // a number for (device, metric), from key()

struct Sample {
  Key key = 0;
  Point point;
};

struct Bucket {  // of a down-sampled range: [at, at + step)
  std::int64_t at = 0;
  double min = 0, max = 0, mean = 0;
  std::uint32_t count = 0;
};

struct Stats {  // points_appended: ever, over all restarts
  std::uint64_t keys = 0, points_appended = 0, chunks = 0, log_bytes = 0, bytes_on_disk = 0;
};

class Series {
 public:
  static Result<Series> open(const std::filesystem::path& folder);
  Series(Series&&) noexcept;
  ~Series();  // saves what is open; nothing has to be replayed then

  // Makes it on first use; durable with the next append. Names have at most 1,024 octets.
  Key key(std::string_view device, std::string_view metric);
  std::vector<std::string> metrics(std::string_view device) const;

  Result<void> append(std::span<const Sample>);  // all or none; in the log on return
  Result<void> sync();                           // fdatasync of the log
  Result<void> flush();                          // open chunks become rows; the log is emptied

  Result<std::vector<Point>> range(Key, Instant from, Instant to,
                                   std::size_t limit = SIZE_MAX) const;  // [from, to)
  Result<std::optional<Point>> latest(Key) const;  // by time; of equals the last to come

  // Buckets start at from + n * step; empty ones are left out, and so are NaN points.
  Result<std::vector<Bucket>> downsample(Key, Instant from, Instant to, Duration step) const;

  // Retention: drops whole chunks older than this; returns points dropped.
  Result<std::size_t> forget_before(Instant);

  Stats stats() const;  // for tests and benches: what became of what was appended

 private:
  struct Shelf;
  explicit Series(std::unique_ptr<Shelf>);
  std::unique_ptr<Shelf> shelf_;
};

}  // namespace muster::series
