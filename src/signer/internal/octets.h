// octets -- numbers and texts as frames, orders and log records hold them: big endian, each text
// behind its length.
//
// The unpacker gives views into its input, allocates nothing, and refuses what is cut short or left
// over. Pure; any thread.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::signer {

class Packer {
 public:
  template <std::unsigned_integral T>
  void number(T n) {
    for (std::size_t i = sizeof(T); i-- > 0;)
      out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(n) >> (8 * i)));
  }
  void signed_number(std::int64_t n) { number(static_cast<std::uint64_t>(n)); }
  void raw(ByteView b) { out_.insert(out_.end(), b.begin(), b.end()); }
  template <std::unsigned_integral Length>
  void counted(ByteView b) {
    number(static_cast<Length>(b.size()));
    raw(b);
  }
  template <std::unsigned_integral Length>
  void counted(std::string_view text) {
    counted<Length>(bytes_of(text));
  }
  void reserve(std::size_t octets) { out_.reserve(octets); }
  std::size_t size() const { return out_.size(); }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

class Unpacker {
 public:
  // `what` is what a refusal calls the whole.
  Unpacker(ByteView in, const char* what) : left_(in), what_(what) {}

  std::size_t left() const { return left_.size(); }

  Result<ByteView> octets(std::size_t count) {
    if (count > left_.size()) return refuse("cut short");
    const ByteView out = left_.first(count);
    left_ = left_.subspan(count);
    return out;
  }
  template <std::unsigned_integral T>
  Result<T> number() {
    TRY(const ByteView in, octets(sizeof(T)));
    std::uint64_t n = 0;
    for (const std::uint8_t octet : in) n = n << 8 | octet;
    return static_cast<T>(n);
  }
  Result<std::int64_t> signed_number() {
    TRY(const auto n, number<std::uint64_t>());
    return static_cast<std::int64_t>(n);
  }
  template <std::unsigned_integral Length>
  Result<ByteView> counted(std::size_t most) {
    TRY(const auto count, number<Length>());
    if (count > most) return refuse("a field is too long");
    return octets(count);
  }
  template <std::unsigned_integral Length>
  Result<std::string> text(std::size_t most) {
    TRY(const ByteView in, counted<Length>(most));
    return std::string(text_of(in));
  }
  Result<void> end() const {
    if (!left_.empty()) return refuse("something follows its end");
    return {};
  }
  std::unexpected<Error> refuse(const char* why) const {
    return fail(Fault::invalid, std::string(what_) + ": " + why);
  }

 private:
  ByteView left_;
  const char* what_;
};

}  // namespace muster::signer
