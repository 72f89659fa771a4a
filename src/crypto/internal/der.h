// crypto/internal/der -- a bounded reader and a small writer of DER (X.690 section 10).
//
// The reader is stricter than BER and no laxer than DER: definite and minimal lengths, tags of one
// octet, nothing after the last element, no more than 16 levels. It hands out views into its input
// and allocates nothing but the words of a refusal. Pure; any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace muster::crypto::der {

enum Tag : std::uint8_t {
  boolean = 0x01,
  integer = 0x02,
  bit_string = 0x03,
  octet_string = 0x04,
  null = 0x05,
  oid = 0x06,
  enumerated = 0x0a,
  utf8_string = 0x0c,
  printable_string = 0x13,
  ia5_string = 0x16,
  utc_time = 0x17,
  generalized_time = 0x18,
  sequence = 0x30,
  set = 0x31,
};
constexpr Tag context(unsigned number) {
  return static_cast<Tag>(0x80 | number);
}
constexpr Tag context_constructed(unsigned number) {
  return static_cast<Tag>(0xa0 | number);
}

inline constexpr unsigned depth_max = 16;

struct Element {
  std::uint8_t tag = 0;
  ByteView content;
  ByteView whole;  // with tag and length
};

// `what` names the field for the person who reads a refusal; it outlives the call only.
class Reader {
 public:
  explicit Reader(ByteView in, unsigned depth = 0) : left_(in), depth_(depth) {}

  bool empty() const { return left_.empty(); }
  bool next_is(std::uint8_t tag) const { return !left_.empty() && left_.front() == tag; }

  Result<Element> any(const char* what);
  Result<Element> read(std::uint8_t tag, const char* what);
  Result<Reader> enter(std::uint8_t tag, const char* what);
  Result<void> end(const char* what) const;  // refuses what is left

  Result<ByteView> number(const char* what);  // INTEGER ≥ 0, without the leading zero octet
  Result<std::uint64_t> small_number(const char* what);  // INTEGER ≥ 0 that fits
  Result<bool> truth(const char* what);
  Result<ByteView> object(const char* what);      // OBJECT IDENTIFIER, encoded
  Result<ByteView> octets(const char* what);      // OCTET STRING
  Result<ByteView> whole_bits(const char* what);  // BIT STRING of whole octets
  Result<Instant> time(const char* what);         // UTCTime or GeneralizedTime, in Z and seconds

 private:
  ByteView left_;
  unsigned depth_;
};

// The one element that fills `der`, entered.
Result<Reader> enter_only(ByteView der, std::uint8_t tag, const char* what);

class Writer {
 public:
  // Writes what `inside` writes as the content of one element.
  template <class Inside>
  void nest(std::uint8_t tag, Inside inside) {
    out_.push_back(tag);
    out_.push_back(0);
    const std::size_t start = out_.size();
    inside();
    close(start);
  }
  void element(std::uint8_t tag, ByteView content);
  void text(std::uint8_t tag, std::string_view content) { element(tag, bytes_of(content)); }
  void raw(ByteView der) { out_.insert(out_.end(), der.begin(), der.end()); }
  void number(std::uint64_t);
  void number(ByteView big_endian);  // unsigned
  void truth(bool);
  void object(ByteView encoded) { element(oid, encoded); }
  void bits(ByteView whole_octets);
  void time(Instant);              // RFC 5280 4.1.2.5: UTCTime through 2049, then GeneralizedTime
  void generalized_time(Instant);  // whatever the year, as OCSP has it

  void reserve(std::size_t octets) { out_.reserve(octets); }
  Bytes take() { return std::move(out_); }

 private:
  void close(std::size_t start);

  Bytes out_;
};

std::string dotted(ByteView oid);  // "1.2.840.10045.2.1"; "?" when not an encoding of one

}  // namespace muster::crypto::der
