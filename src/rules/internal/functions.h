// rules/internal/functions -- the table of operators and functions: their overloads for the
// checker, what each costs, and what each does. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "rules/schema.h"
#include "rules/value.h"

namespace muster::rules {

enum class Function : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  invert,
  equal,
  unequal,
  less,
  at_most,
  more,
  at_least,
  in,
  index,
  size,
  starts_with,
  ends_with,
  contains,
  to_int,
  to_uint,
  to_double,
  to_string,
  to_bytes,
  to_bool,
  to_timestamp,
  to_duration,
  to_dyn,
  to_type,
  year,
  month,
  date,
  month_day,
  week_day,
  year_day,
  hours,
  minutes,
  seconds,
  milliseconds,
  char_at,
  index_of,
  last_index_of,
  lower,
  upper,
  replace,
  split,
  join,
  substring,
  trim,
  reverse,
  quote,
};

// One letter a type: b bool, i int, u uint, d double, s string, y bytes, n null, t timestamp,
// r duration, L list, M map, T type, x anything. The result's letters besides: 1 the type of the
// first argument, e an item of it, S a list of strings.
struct Overload {
  std::string_view name;  // operators by their sign; "-_" and "!_" are unary
  Function function;
  std::string_view arguments;  // the target of a member call first
  char result;
  bool member;
};
std::span<const Overload> overloads();

// What a call costs beyond one unit, for arguments of these sizes; and how large its result may be.
struct Size {
  std::uint64_t most = 1;  // octets of a text, items of a list or map; 1 for a scalar
  std::uint64_t item = 1;  // the largest of its items
};
std::uint64_t cost_of(Function, std::span<const Size>);
Size size_of(Function, std::span<const Size>);

// Arguments are no errors. Failures are error values without a place.
Value apply(Function, std::span<const Value>, Scratch&);

// The families, each in its own file.
Value apply_operator(Function, std::span<const Value>, Scratch&);
Value apply_conversion(Function, std::span<const Value>, Scratch&);
Value apply_time(Function, std::span<const Value>);
Value apply_text(Function, std::span<const Value>, Scratch&);

}  // namespace muster::rules
