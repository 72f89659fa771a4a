#include "crypto/internal/der.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

namespace muster::crypto::der {
namespace {

std::unexpected<Error> malformed(const char* what, const char* why) {
  return fail(Fault::invalid, std::string(what) + ": " + why);
}

struct Length {
  std::size_t octets;  // of the length field itself
  std::size_t content;
};

// Four octets of length are more than any bound of ours; more are refused unread.
Result<Length> read_length(ByteView in, const char* what) {
  if (in.empty()) return malformed(what, "cut short before its length");
  if (in[0] < 0x80) return Length{1, in[0]};
  const std::size_t count = in[0] & 0x7f;
  if (count == 0) return malformed(what, "indefinite length, which DER forbids");
  if (count > 4) return malformed(what, "length field of more than four octets");
  if (in.size() < 1 + count) return malformed(what, "cut short in its length");
  std::size_t content = 0;
  for (std::size_t i = 1; i <= count; ++i) content = content << 8 | in[i];
  if (in[1] == 0 || content < 0x80) return malformed(what, "length not in its shortest form");
  return Length{1 + count, content};
}

bool is_digit(std::uint8_t c) {
  return c >= '0' && c <= '9';
}

using TimeText = std::array<char, 15>;  // YYYYMMDDHHMMSSZ

// Years that four digits cannot tell become the nearest that they can: 99991231235959Z is how
// RFC 5280 says "no end" (4.1.2.5).
TimeText digits_of(Instant t) {
  using namespace std::chrono;
  constexpr Instant first = sys_days(year(0) / 1 / 1), last = sys_days(year(10000) / 1 / 1) - 1s;
  t = std::clamp(t, first, last);
  const auto day = floor<days>(t);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(t - day));
  TimeText out;
  std::size_t at = 0;
  auto two = [&](unsigned value) {
    out[at++] = static_cast<char>('0' + value / 10);
    out[at++] = static_cast<char>('0' + value % 10);
  };
  const auto years = static_cast<unsigned>(static_cast<int>(date.year()));
  two(years / 100);
  two(years % 100);
  two(unsigned(date.month()));
  two(unsigned(date.day()));
  two(static_cast<unsigned>(clock.hours().count()));
  two(static_cast<unsigned>(clock.minutes().count()));
  two(static_cast<unsigned>(clock.seconds().count()));
  out[at] = 'Z';
  return out;
}

}  // namespace

Result<Element> Reader::any(const char* what) {
  if (left_.empty()) return malformed(what, "missing");
  const std::uint8_t tag = left_[0];
  if ((tag & 0x1f) == 0x1f) return malformed(what, "tag of more than one octet");
  TRY(const Length length, read_length(left_.subspan(1), what));
  const std::size_t head = 1 + length.octets;
  if (length.content > left_.size() - head) return malformed(what, "longer than what holds it");
  Element out{tag, left_.subspan(head, length.content), left_.first(head + length.content)};
  left_ = left_.subspan(head + length.content);
  return out;
}

Result<Element> Reader::read(std::uint8_t tag, const char* what) {
  if (left_.empty()) return malformed(what, "missing");
  if (left_[0] != tag) {
    char why[64];
    std::snprintf(why, sizeof why, "tag 0x%02x where 0x%02x belongs", left_[0], tag);
    return malformed(what, why);
  }
  return any(what);
}

Result<Reader> Reader::enter(std::uint8_t tag, const char* what) {
  if (depth_ >= depth_max) return malformed(what, "nested too deep");
  TRY(const Element element, read(tag, what));
  return Reader(element.content, depth_ + 1);
}

Result<void> Reader::end(const char* what) const {
  if (!left_.empty()) return malformed(what, "followed by octets that do not belong there");
  return {};
}

Result<ByteView> Reader::number(const char* what) {
  TRY(const Element element, read(integer, what));
  ByteView octets = element.content;
  if (octets.empty()) return malformed(what, "INTEGER without a value");
  if (octets[0] & 0x80) return malformed(what, "negative");
  if (octets.size() > 1 && octets[0] == 0) {
    if (!(octets[1] & 0x80)) return malformed(what, "INTEGER not in its shortest form");
    octets = octets.subspan(1);
  }
  return octets;
}

Result<std::uint64_t> Reader::small_number(const char* what) {
  TRY(const ByteView octets, number(what));
  if (octets.size() > sizeof(std::uint64_t)) return malformed(what, "too large");
  std::uint64_t out = 0;
  for (std::uint8_t octet : octets) out = out << 8 | octet;
  return out;
}

Result<bool> Reader::truth(const char* what) {
  TRY(const Element element, read(boolean, what));
  if (element.content.size() != 1 || (element.content[0] != 0x00 && element.content[0] != 0xff))
    return malformed(what, "BOOLEAN that is neither TRUE nor FALSE");
  return element.content[0] != 0;
}

Result<ByteView> Reader::object(const char* what) {
  TRY(const Element element, read(oid, what));
  const ByteView id = element.content;
  if (id.empty() || id.size() > 32 || (id.back() & 0x80))
    return malformed(what, "not an OBJECT IDENTIFIER of 1 to 32 octets");
  bool starts_arc = true;
  for (std::uint8_t octet : id) {
    if (starts_arc && octet == 0x80) return malformed(what, "arc not in its shortest form");
    starts_arc = !(octet & 0x80);
  }
  return id;
}

Result<ByteView> Reader::octets(const char* what) {
  TRY(const Element element, read(octet_string, what));
  return element.content;
}

Result<ByteView> Reader::whole_bits(const char* what) {
  TRY(const Element element, read(bit_string, what));
  if (element.content.empty() || element.content[0] != 0)
    return malformed(what, "BIT STRING that is not whole octets");
  return element.content.subspan(1);
}

Result<Instant> Reader::time(const char* what) {
  const bool two_digit_year = next_is(utc_time);
  TRY(const Element element, read(two_digit_year ? utc_time : generalized_time, what));
  const ByteView text = element.content;
  const std::size_t digits = two_digit_year ? 12 : 14;
  if (text.size() != digits + 1 || text.back() != 'Z' ||
      !std::all_of(text.begin(), text.end() - 1, is_digit))
    return malformed(what, "not a time in whole seconds of UTC");
  std::size_t at = 0;
  auto two = [&] {
    const int out = (text[at] - '0') * 10 + (text[at + 1] - '0');
    at += 2;
    return out;
  };
  int year = two();
  year = two_digit_year ? year + (year < 50 ? 2000 : 1900) : year * 100 + two();
  const int month = two(), day = two(), hour = two(), minute = two(), second = two();
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59)
    return malformed(what, "no such date or time of day");
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second);
}

Result<Reader> enter_only(ByteView der, std::uint8_t tag, const char* what) {
  Reader outer(der);
  TRY(const Reader inner, outer.enter(tag, what));
  TRY_VOID(outer.end(what));
  return inner;
}

void Writer::element(std::uint8_t tag, ByteView content) {
  nest(tag, [&] { raw(content); });
}

void Writer::close(std::size_t start) {
  std::size_t length = out_.size() - start;
  if (length < 0x80) {
    out_[start - 1] = static_cast<std::uint8_t>(length);
    return;
  }
  std::array<std::uint8_t, sizeof(length)> octets;
  std::size_t count = 0;
  for (; length != 0; length >>= 8)
    octets[octets.size() - ++count] = static_cast<std::uint8_t>(length);
  out_[start - 1] = static_cast<std::uint8_t>(0x80 | count);
  out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(start), octets.end() - count,
              octets.end());
}

void Writer::number(std::uint64_t value) {
  std::array<std::uint8_t, 8> octets;
  for (std::size_t i = octets.size(); i-- > 0; value >>= 8)
    octets[i] = static_cast<std::uint8_t>(value);
  number(octets);
}

void Writer::number(ByteView big_endian) {
  while (big_endian.size() > 1 && big_endian[0] == 0) big_endian = big_endian.subspan(1);
  nest(integer, [&] {
    if (big_endian.empty() || big_endian[0] & 0x80) out_.push_back(0);
    raw(big_endian);
  });
}

void Writer::truth(bool value) {
  const std::uint8_t octet = value ? 0xff : 0x00;
  element(boolean, {&octet, 1});
}

void Writer::bits(ByteView whole_octets) {
  nest(bit_string, [&] {
    out_.push_back(0);
    raw(whole_octets);
  });
}

void Writer::time(Instant t) {
  const TimeText digits = digits_of(t);
  const bool short_year = digits[0] == '2'
                              ? digits[1] == '0' && digits[2] < '5'
                              : digits[0] == '1' && digits[1] == '9' && digits[2] >= '5';
  const std::string_view text(digits.data(), digits.size());
  element(short_year ? Tag::utc_time : Tag::generalized_time,
          bytes_of(text.substr(short_year ? 2 : 0)));
}

void Writer::generalized_time(Instant t) {
  const TimeText digits = digits_of(t);
  element(Tag::generalized_time, bytes_of({digits.data(), digits.size()}));
}

std::string dotted(ByteView oid) {
  if (oid.empty() || oid.size() > 32 || (oid.back() & 0x80)) return "?";
  std::string out;
  std::uint64_t arc = 0;
  for (std::uint8_t octet : oid) {
    if (arc > (std::numeric_limits<std::uint64_t>::max() >> 7)) return "?";
    arc = arc << 7 | (octet & 0x7f);
    if (octet & 0x80) continue;
    if (out.empty()) {
      const std::uint64_t root = std::min<std::uint64_t>(arc / 40, 2);
      out = std::to_string(root) + "." + std::to_string(arc - root * 40);
    } else {
      out += "." + std::to_string(arc);
    }
    arc = 0;
  }
  return out;
}

}  // namespace muster::crypto::der
