// gorilla -- points packed as Gorilla does (Pelkonen et al., VLDB 2015): times as the change of
// their change, values as what XOR leaves of them. Lossless for every 64-bit time and every bit
// pattern of a double, in any order of time.
//
// Differences to the paper, for times in milliseconds: wider steps for the change of change, up to
// 64 bits, and an XOR window that is left as soon as a new one is cheaper. Exact bytes:
// docs/formats/series.md. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "series/series.h"

namespace muster::series {

inline constexpr std::size_t packed_points_max = 255;  // the count is one octet

class Packer {  // a growing chunk, a few octets a point
 public:
  void add(Point);  // at most packed_points_max
  void clear();     // keeps its memory
  std::size_t count() const { return count_; }
  std::int64_t start() const { return start_; }  // earliest and latest time; 0 when empty
  std::int64_t end() const { return end_; }
  void write_to(Bytes& out) const;  // appends the packed chunk

 private:
  void put(std::uint64_t bits, unsigned width);
  void put_time(std::int64_t at);
  void put_value(std::uint64_t bits);

  std::vector<std::uint64_t> words_;  // full ones, most significant bit first
  std::uint64_t word_ = 0;            // the one that fills up
  std::int64_t first_at_ = 0, start_ = 0, end_ = 0;
  std::uint64_t first_bits_ = 0, last_at_ = 0, last_delta_ = 0, last_bits_ = 0;
  std::uint8_t free_ = 64;  // bits of word_
  std::uint8_t count_ = 0;
  std::uint8_t leading_ = 64, trailing_ = 0;  // the XOR window; 64: none yet
};

// Appends the points in the order in which they were added. corrupt: bytes that no Packer wrote the
// length and shape of; nothing is appended then. (A flipped bit inside a value is not seen here.)
Result<void> unpack(ByteView packed, std::vector<Point>& points);

}  // namespace muster::series
