#include "series/gorilla.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "series/internal/octets.h"

namespace muster::series {
namespace {

constexpr std::size_t head_bytes = 17;           // count, first time, first value
constexpr std::size_t point_bits_max = 69 + 77;  // 5 + 64 for the time, 13 + 64 for the value
constexpr std::size_t packed_bytes_max =
    head_bytes + (packed_points_max - 1) * point_bits_max / 8 + 1;

// A change of change in two's complement, after a prefix of ones: 0, 10, 110, 1110, 11110, 11111.
constexpr std::array<unsigned, 6> time_widths{0, 7, 10, 14, 32, 64};
constexpr unsigned leading_width = 5, length_width = 6;

bool fits(std::int64_t value, unsigned width) {
  const std::int64_t half = std::int64_t{1} << (width - 1);
  return value >= -half && value < half;
}

constexpr std::uint64_t low(std::uint64_t bits, unsigned width) {
  return width == 64 ? bits : bits & ((std::uint64_t{1} << width) - 1);
}

}  // namespace

void Packer::put(std::uint64_t bits, unsigned width) {
  if (width < free_) {
    free_ = static_cast<std::uint8_t>(free_ - width);
    word_ |= bits << free_;
    return;
  }
  const unsigned rest = width - free_;
  words_.push_back(word_ | bits >> rest);
  word_ = rest ? bits << (64 - rest) : 0;
  free_ = static_cast<std::uint8_t>(64 - rest);
}

void Packer::put_time(std::int64_t at) {
  const auto delta = static_cast<std::uint64_t>(at) - last_at_;  // modulo 2^64: never overflows
  const auto change = static_cast<std::int64_t>(delta - last_delta_);
  last_at_ = static_cast<std::uint64_t>(at);
  last_delta_ = delta;
  if (change == 0) return put(0, 1);
  const auto raw = static_cast<std::uint64_t>(change);
  if (fits(change, 7)) return put(0b10 << 7 | low(raw, 7), 9);
  if (fits(change, 10)) return put(0b110 << 10 | low(raw, 10), 13);
  if (fits(change, 14)) return put(0b1110 << 14 | low(raw, 14), 18);
  if (fits(change, 32)) return put(std::uint64_t{0b11110} << 32 | low(raw, 32), 37);
  put(0b11111, 5);
  put(raw, 64);
}

void Packer::put_value(std::uint64_t bits) {
  const auto changed = bits ^ last_bits_;
  last_bits_ = bits;
  if (changed == 0) return put(0, 1);
  const auto leading = static_cast<unsigned>(std::min(std::countl_zero(changed), 31));
  const auto trailing = static_cast<unsigned>(std::countr_zero(changed));
  const unsigned length = 64 - leading - trailing;
  const unsigned window = 64u - leading_ - trailing_;
  const bool inside = leading_ < 64 && leading >= leading_ && trailing >= trailing_;
  if (inside && window <= length + leading_width + length_width) {
    put(0b10, 2);
    return put(changed >> trailing_, window);
  }
  leading_ = static_cast<std::uint8_t>(leading);
  trailing_ = static_cast<std::uint8_t>(trailing);
  put(std::uint64_t{0b11} << 11 | leading << 6 | (length & 63), 13);  // a length of 64 is written 0
  put(changed >> trailing, length);
}

void Packer::add(Point point) {
  if (count_ == packed_points_max) throw std::length_error("a packed chunk is full");
  const auto bits = std::bit_cast<std::uint64_t>(point.value);
  if (count_++ == 0) {
    first_at_ = start_ = end_ = point.at;
    first_bits_ = last_bits_ = bits;
    last_at_ = static_cast<std::uint64_t>(point.at);
    return;
  }
  start_ = std::min(start_, point.at);
  end_ = std::max(end_, point.at);
  put_time(point.at);
  put_value(bits);
}

void Packer::clear() {
  auto words = std::move(words_);
  words.clear();
  *this = Packer();
  words_ = std::move(words);
}

void Packer::write_to(Bytes& out) const {
  const auto before = out.size();
  const std::size_t octets_of_last = (64u - free_ + 7) / 8;
  out.resize(before + head_bytes + words_.size() * 8 + octets_of_last);
  auto* to = out.data() + before;
  series::put(to, count_);
  series::put(to, first_at_);
  series::put(to, first_bits_);
  for (auto word : words_) {
    word = big_endian(word);
    std::memcpy(to, &word, sizeof word);
    to += sizeof word;
  }
  const auto last = big_endian(word_);
  std::memcpy(to, &last, octets_of_last);
}

namespace {

class BitReader {  // past the end it reads zeros and remembers
 public:
  explicit BitReader(ByteView bytes) : end_(bytes.size() * 8) {
    if (!bytes.empty()) std::memcpy(padded_.data(), bytes.data(), bytes.size());
  }
  std::uint64_t take(unsigned width) {  // 0 to 64
    if (width > 32) {
      const auto high = take_short(width - 32);
      return high << 32 | take_short(32);
    }
    return take_short(width);
  }
  unsigned ones(unsigned most) {  // a run of ones and the zero that ends it, unless it is full
    const auto run = std::min(static_cast<unsigned>(std::countl_one(peek())), most);
    skip(run < most ? run + 1 : run);
    return run;
  }
  bool overrun() const { return position_ > end_; }
  bool at_end() { return end_ - position_ < 8 && take_short(end_ - position_) == 0; }

 private:
  std::uint64_t peek() const {  // 57 valid bits
    std::uint64_t word;
    std::memcpy(&word, padded_.data() + position_ / 8, sizeof word);
    return big_endian(word) << (position_ % 8);
  }
  std::uint64_t take_short(std::size_t width) {  // 0 to 32
    if (width == 0) return 0;
    const auto bits = peek() >> (64 - width);
    skip(width);
    return bits;
  }
  void skip(std::size_t width) { position_ = std::min(position_ + width, end_ + 1); }

  std::array<std::uint8_t, packed_bytes_max + 16> padded_{};
  std::size_t position_ = 0, end_;
};

std::int64_t take_signed(BitReader& in, unsigned width) {
  const auto bits = in.take(width);
  if (width == 0 || width == 64) return static_cast<std::int64_t>(bits);
  return static_cast<std::int64_t>(bits << (64 - width)) >> (64 - width);
}

class Unpacker {
 public:
  Unpacker(ByteView bits, std::uint64_t at, std::uint64_t value)
      : in_(bits), at_(at), value_(value) {}
  std::optional<Point> next() {  // none: no Packer wrote this
    delta_ += static_cast<std::uint64_t>(take_signed(in_, time_widths[in_.ones(5)]));
    at_ += delta_;
    if (!next_value() || in_.overrun()) return std::nullopt;
    return Point{static_cast<std::int64_t>(at_), std::bit_cast<double>(value_)};
  }
  bool at_end() { return in_.at_end(); }

 private:
  bool next_value() {
    const auto kind = in_.ones(2);
    if (kind == 0) return true;
    if (kind == 2) {
      const auto leading = static_cast<unsigned>(in_.take(leading_width));
      length_ = static_cast<unsigned>(in_.take(length_width));
      if (length_ == 0) length_ = 64;
      if (leading + length_ > 64) return false;
      trailing_ = 64 - leading - length_;
    }
    if (length_ == 0) return false;  // the window of before, and there was none
    value_ ^= in_.take(length_) << trailing_;
    return true;
  }

  BitReader in_;
  std::uint64_t at_, value_, delta_ = 0;
  unsigned length_ = 0, trailing_ = 0;
};

}  // namespace

Result<void> unpack(ByteView packed, std::vector<Point>& points) {
  const auto broken = [] { return fail(Fault::corrupt, "a packed chunk of points is damaged"); };
  if (packed.size() < head_bytes || packed.size() > packed_bytes_max) return broken();
  const auto* in = packed.data();
  const std::size_t count = get<std::uint8_t>(in), before = points.size();
  if (count == 0) return broken();
  const auto at = get<std::uint64_t>(in);
  const auto bits = get<std::uint64_t>(in);
  Unpacker unpacker(packed.subspan(head_bytes), at, bits);
  points.resize(before + count);
  auto* point = points.data() + before;
  *point = {static_cast<std::int64_t>(at), std::bit_cast<double>(bits)};
  bool good = true;
  for (std::size_t i = 1; good && i < count; ++i) {
    const auto next = unpacker.next();
    good = next.has_value();
    if (good) point[i] = *next;
  }
  if (good && unpacker.at_end()) return {};
  points.resize(before);
  return broken();
}

}  // namespace muster::series
