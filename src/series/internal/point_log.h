// point_log -- the raw points that are not yet in the chunk file: one file ("segment") of
// checksummed records, each written with a single write(2).
//
// A record is whole or it is not there. Reading skips what is damaged: after a power cut a log that
// was not synced may end in a torn record, or have holes before records that did reach the disk.
// Exact bytes: docs/formats/series.md. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "series/series.h"

namespace muster::series {

inline constexpr std::size_t record_samples_max = 1 << 20;
inline constexpr std::size_t record_bytes_max = 64 << 20;

struct NewKey {
  Key key = 0;
  std::string device, metric;
};

struct Record {
  std::uint64_t first = 0;  // sequence number of the first sample; the others follow
  std::vector<NewKey> keys;
  std::vector<Sample> samples;
};

class PointLog {
 public:
  // An empty segment, its name on disk when this returns.
  static Result<PointLog> start(const std::filesystem::path& folder, std::uint64_t segment);
  PointLog(PointLog&&) noexcept;
  PointLog& operator=(PointLog&&) noexcept;
  ~PointLog();

  // A failed write leaves the log as it was, or it cannot be written to any more.
  Result<void> append(std::uint64_t first, std::span<const NewKey>, std::span<const Sample>);
  Result<void> sync();
  std::uint64_t segment() const { return segment_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  PointLog(std::filesystem::path file, std::uint64_t segment, int descriptor);
  Result<void> write_whole(ByteView);

  std::filesystem::path file_;
  std::uint64_t segment_ = 0, bytes_ = 0;
  int descriptor_ = -1;
  bool unusable_ = false;
  Bytes record_;
};

struct Segment {
  std::uint64_t number = 0;
  std::filesystem::path file;
};
Result<std::vector<Segment>> segments(const std::filesystem::path& folder);  // in order of number

// Octets that belong to no whole record are counted, not believed.
struct Replay {
  std::uint64_t records = 0, octets_lost = 0;
};
Result<Replay> replay(const Segment&, const std::function<void(const Record&)>&);
Replay replay(ByteView segment, const std::function<void(const Record&)>&);

}  // namespace muster::series
