#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "rules/internal/functions.h"
#include "rules/internal/times.h"
#include "wire/utf8.h"

namespace muster::rules {
namespace {

using F = Function;

const Value no_overload = Value::error(Trouble::no_overload);
const Value unconvertible = Value::error(Trouble::unconvertible);
constexpr double two_63 = 9223372036854775808.0, two_64 = 18446744073709551616.0;

template <class T>
Value read_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T out{};
  auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool all = read.ptr == text.data() + text.size() && !text.empty();
  return read.ec == std::errc() && all ? Value::of(out) : unconvertible;
}

Value kept(std::string_view text, Scratch& scratch) {
  char* out = scratch.text(text.size());
  if (!out) return Value::error(Trouble::memory);
  std::ranges::copy(text, out);
  return Value::of(std::string_view(out, text.size()));
}

Value to_int(const Value& v) {
  switch (v.kind) {
    case Kind::integer:
      return v;
    case Kind::natural:
      if (v.natural >> 63) return Value::error(Trouble::overflow);
      return Value::of(static_cast<std::int64_t>(v.natural));
    case Kind::real:  // the ends of the range are refused: their neighbours would round to them
      if (!(v.real > -two_63 && v.real < two_63)) return Value::error(Trouble::overflow);
      return Value::of(static_cast<std::int64_t>(v.real));
    case Kind::string:
      return read_number<std::int64_t>(v.view());
    case Kind::timestamp:
      return Value::of(v.integer);
    default:
      return no_overload;
  }
}

Value to_uint(const Value& v) {
  switch (v.kind) {
    case Kind::natural:
      return v;
    case Kind::integer:
      if (v.integer < 0) return Value::error(Trouble::overflow);
      return Value::of(static_cast<std::uint64_t>(v.integer));
    case Kind::real:
      if (!(v.real > -1 && v.real < two_64)) return Value::error(Trouble::overflow);
      return Value::of(static_cast<std::uint64_t>(v.real));
    case Kind::string:
      return read_number<std::uint64_t>(v.view());
    default:
      return no_overload;
  }
}

Value to_double(const Value& v) {
  if (auto n = number(v)) return Value::of(*n);
  return v.is(Kind::string) ? read_number<double>(v.view()) : no_overload;
}

Value to_text(const Value& v, Scratch& scratch) {
  std::array<char, 64> out;
  const auto written = [&](std::to_chars_result r) {
    return kept({out.data(), static_cast<std::size_t>(r.ptr - out.data())}, scratch);
  };
  switch (v.kind) {
    case Kind::string:
      return v;
    case Kind::boolean:
      return Value::of(std::string_view(v.truth ? "true" : "false"));
    case Kind::integer:
      return written(std::to_chars(out.data(), out.data() + out.size(), v.integer));
    case Kind::natural:
      return written(std::to_chars(out.data(), out.data() + out.size(), v.natural));
    case Kind::real:
      return written(std::to_chars(out.data(), out.data() + out.size(), v.real));
    case Kind::bytes:
      return wire::is_utf8(v.view()) ? Value::of(v.view()) : unconvertible;
    case Kind::timestamp:
      return kept(write_timestamp(v.integer, v.count).view(), scratch);
    case Kind::duration:
      return kept(write_duration(v.integer).view(), scratch);
    default:
      return no_overload;
  }
}

Value to_bool(const Value& v) {
  if (v.is(Kind::boolean)) return v;
  if (!v.is(Kind::string)) return no_overload;
  for (std::string_view yes : {"1", "t", "true", "TRUE", "True"})
    if (v.view() == yes) return Value::of(true);
  for (std::string_view no : {"0", "f", "false", "FALSE", "False"})
    if (v.view() == no) return Value::of(false);
  return unconvertible;
}

Value to_timestamp(const Value& v) {
  if (v.is(Kind::timestamp)) return v;
  if (v.is(Kind::integer)) {
    if (v.integer < first_second || v.integer > last_second) return Value::error(Trouble::overflow);
    return Value::timestamp(v.integer, 0);
  }
  if (!v.is(Kind::string)) return no_overload;
  auto read = read_timestamp(v.view());
  return read ? Value::timestamp(read->seconds, read->ns) : unconvertible;
}

Value to_duration(const Value& v) {
  if (v.is(Kind::duration)) return v;
  if (!v.is(Kind::string)) return no_overload;
  auto read = read_duration(v.view());
  return read ? Value::duration(*read) : unconvertible;
}

}  // namespace

Value apply_conversion(Function f, std::span<const Value> in, Scratch& scratch) {
  const Value& v = in[0];
  switch (f) {
    case F::to_int:
      return to_int(v);
    case F::to_uint:
      return to_uint(v);
    case F::to_double:
      return to_double(v);
    case F::to_string:
      return to_text(v, scratch);
    case F::to_bytes:
      if (v.is(Kind::bytes)) return v;
      return v.is(Kind::string) ? Value::bytes(v.view()) : no_overload;
    case F::to_bool:
      return to_bool(v);
    case F::to_timestamp:
      return to_timestamp(v);
    case F::to_duration:
      return to_duration(v);
    case F::to_type:
      return Value::of_type(v.kind);
    default:
      return v;  // dyn()
  }
}

Value apply_time(Function f, std::span<const Value> in) {
  static constexpr Part parts[] = {Part::year,     Part::month,      Part::date, Part::month_day,
                                   Part::week_day, Part::year_day,   Part::hour, Part::minute,
                                   Part::second,   Part::millisecond};
  const Part part = parts[static_cast<std::size_t>(f) - static_cast<std::size_t>(F::year)];
  if (in[0].is(Kind::duration) && part >= Part::hour && in.size() == 1)
    return Value::of(part_of_duration(in[0].integer, part));
  if (!in[0].is(Kind::timestamp)) return no_overload;
  std::int64_t zone = 0;
  if (in.size() > 1) {
    if (!in[1].is(Kind::string)) return no_overload;
    auto read = read_zone(in[1].view());
    if (!read) return Value::error(Trouble::argument);
    zone = *read;
  }
  return Value::of(part_of({in[0].integer, in[0].count}, part, zone));
}

}  // namespace muster::rules
