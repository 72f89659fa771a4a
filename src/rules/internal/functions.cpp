#include "rules/internal/functions.h"

#include <algorithm>

namespace muster::rules {
namespace {

using F = Function;

constexpr Overload table[] = {
    {"+", F::add, "ii", 'i', false},
    {"+", F::add, "uu", 'u', false},
    {"+", F::add, "dd", 'd', false},
    {"+", F::add, "ss", 's', false},
    {"+", F::add, "yy", 'y', false},
    {"+", F::add, "LL", '1', false},
    {"+", F::add, "tr", 't', false},
    {"+", F::add, "rt", 't', false},
    {"+", F::add, "rr", 'r', false},
    {"-", F::subtract, "ii", 'i', false},
    {"-", F::subtract, "uu", 'u', false},
    {"-", F::subtract, "dd", 'd', false},
    {"-", F::subtract, "tt", 'r', false},
    {"-", F::subtract, "tr", 't', false},
    {"-", F::subtract, "rr", 'r', false},
    {"*", F::multiply, "ii", 'i', false},
    {"*", F::multiply, "uu", 'u', false},
    {"*", F::multiply, "dd", 'd', false},
    {"/", F::divide, "ii", 'i', false},
    {"/", F::divide, "uu", 'u', false},
    {"/", F::divide, "dd", 'd', false},
    {"%", F::modulo, "ii", 'i', false},
    {"%", F::modulo, "uu", 'u', false},
    {"-_", F::negate, "i", 'i', false},
    {"-_", F::negate, "d", 'd', false},
    {"-_", F::negate, "r", 'r', false},
    {"!_", F::invert, "b", 'b', false},
    {"size", F::size, "s", 'i', false},
    {"size", F::size, "y", 'i', false},
    {"size", F::size, "L", 'i', false},
    {"size", F::size, "M", 'i', false},
    {"size", F::size, "s", 'i', true},
    {"size", F::size, "y", 'i', true},
    {"size", F::size, "L", 'i', true},
    {"size", F::size, "M", 'i', true},
    {"startsWith", F::starts_with, "ss", 'b', true},
    {"endsWith", F::ends_with, "ss", 'b', true},
    {"contains", F::contains, "ss", 'b', true},
    {"int", F::to_int, "i", 'i', false},
    {"int", F::to_int, "u", 'i', false},
    {"int", F::to_int, "d", 'i', false},
    {"int", F::to_int, "s", 'i', false},
    {"int", F::to_int, "t", 'i', false},
    {"uint", F::to_uint, "i", 'u', false},
    {"uint", F::to_uint, "u", 'u', false},
    {"uint", F::to_uint, "d", 'u', false},
    {"uint", F::to_uint, "s", 'u', false},
    {"double", F::to_double, "i", 'd', false},
    {"double", F::to_double, "u", 'd', false},
    {"double", F::to_double, "d", 'd', false},
    {"double", F::to_double, "s", 'd', false},
    {"string", F::to_string, "i", 's', false},
    {"string", F::to_string, "u", 's', false},
    {"string", F::to_string, "d", 's', false},
    {"string", F::to_string, "s", 's', false},
    {"string", F::to_string, "y", 's', false},
    {"string", F::to_string, "b", 's', false},
    {"string", F::to_string, "t", 's', false},
    {"string", F::to_string, "r", 's', false},
    {"bytes", F::to_bytes, "s", 'y', false},
    {"bytes", F::to_bytes, "y", 'y', false},
    {"bool", F::to_bool, "b", 'b', false},
    {"bool", F::to_bool, "s", 'b', false},
    {"timestamp", F::to_timestamp, "s", 't', false},
    {"timestamp", F::to_timestamp, "i", 't', false},
    {"timestamp", F::to_timestamp, "t", 't', false},
    {"duration", F::to_duration, "s", 'r', false},
    {"duration", F::to_duration, "r", 'r', false},
    {"dyn", F::to_dyn, "x", 'x', false},
    {"type", F::to_type, "x", 'T', false},
    {"getFullYear", F::year, "t", 'i', true},
    {"getFullYear", F::year, "ts", 'i', true},
    {"getMonth", F::month, "t", 'i', true},
    {"getMonth", F::month, "ts", 'i', true},
    {"getDate", F::date, "t", 'i', true},
    {"getDate", F::date, "ts", 'i', true},
    {"getDayOfMonth", F::month_day, "t", 'i', true},
    {"getDayOfMonth", F::month_day, "ts", 'i', true},
    {"getDayOfWeek", F::week_day, "t", 'i', true},
    {"getDayOfWeek", F::week_day, "ts", 'i', true},
    {"getDayOfYear", F::year_day, "t", 'i', true},
    {"getDayOfYear", F::year_day, "ts", 'i', true},
    {"getHours", F::hours, "t", 'i', true},
    {"getHours", F::hours, "ts", 'i', true},
    {"getHours", F::hours, "r", 'i', true},
    {"getMinutes", F::minutes, "t", 'i', true},
    {"getMinutes", F::minutes, "ts", 'i', true},
    {"getMinutes", F::minutes, "r", 'i', true},
    {"getSeconds", F::seconds, "t", 'i', true},
    {"getSeconds", F::seconds, "ts", 'i', true},
    {"getSeconds", F::seconds, "r", 'i', true},
    {"getMilliseconds", F::milliseconds, "t", 'i', true},
    {"getMilliseconds", F::milliseconds, "ts", 'i', true},
    {"getMilliseconds", F::milliseconds, "r", 'i', true},
    {"charAt", F::char_at, "si", 's', true},
    {"indexOf", F::index_of, "ss", 'i', true},
    {"indexOf", F::index_of, "ssi", 'i', true},
    {"lastIndexOf", F::last_index_of, "ss", 'i', true},
    {"lastIndexOf", F::last_index_of, "ssi", 'i', true},
    {"lowerAscii", F::lower, "s", 's', true},
    {"upperAscii", F::upper, "s", 's', true},
    {"replace", F::replace, "sss", 's', true},
    {"replace", F::replace, "sssi", 's', true},
    {"split", F::split, "ss", 'S', true},
    {"split", F::split, "ssi", 'S', true},
    {"join", F::join, "L", 's', true},
    {"join", F::join, "Ls", 's', true},
    {"substring", F::substring, "si", 's', true},
    {"substring", F::substring, "sii", 's', true},
    {"trim", F::trim, "s", 's', true},
    {"reverse", F::reverse, "s", 's', true},
    {"strings.quote", F::quote, "s", 's', false},
};

}  // namespace

std::span<const Overload> overloads() {
  return table;
}

std::uint64_t cost_of(Function f, std::span<const Size> sizes) {
  const auto octets = [&](std::size_t i) { return i < sizes.size() ? sizes[i].most : 0; };
  switch (f) {
    case F::add:
    case F::equal:
    case F::unequal:
    case F::less:
    case F::at_most:
    case F::more:
    case F::at_least:
      return (octets(0) * sizes[0].item + octets(1) * sizes[1].item) / 16;
    case F::in:
      return octets(1) * (1 + sizes[1].item / 16);
    case F::index:
      return octets(0) / 2;
    case F::starts_with:
    case F::ends_with:
      return octets(1) / 16;
    case F::contains:
    case F::index_of:
    case F::last_index_of:
      return octets(0) / 8 + octets(1) / 8;
    case F::replace:
    case F::split:
      return octets(0) + octets(2);
    case F::join:
      return octets(0) * (1 + (sizes[0].item + octets(1)) / 16);
    case F::size:
    case F::char_at:
    case F::lower:
    case F::upper:
    case F::substring:
    case F::trim:
    case F::reverse:
    case F::quote:
    case F::to_string:
    case F::to_timestamp:
    case F::to_double:
      return 4 + octets(0) / 4;
    default:
      return 0;
  }
}

Size size_of(Function f, std::span<const Size> sizes) {
  switch (f) {
    case F::add:
      return {sizes[0].most + sizes[1].most, std::max(sizes[0].item, sizes[1].item)};
    case F::to_string:
      return {std::max<std::uint64_t>(sizes[0].most, 40), 1};
    case F::to_bytes:
    case F::to_dyn:
    case F::lower:
    case F::upper:
    case F::substring:
    case F::trim:
    case F::reverse:
      return sizes[0];
    case F::quote:
      return {sizes[0].most * 2 + 2, 1};
    case F::char_at:
      return {4, 1};
    case F::replace:
      return {sizes[0].most + (sizes[0].most + 1) * sizes[2].most, 1};
    case F::split:
      return {sizes[0].most + 1, sizes[0].most};
    case F::join:
      return {sizes[0].most * (sizes[0].item + (sizes.size() > 1 ? sizes[1].most : 0)), 1};
    case F::index:
      return {sizes[0].item, sizes[0].item};
    default:
      return {};
  }
}

Value apply(Function f, std::span<const Value> in, Scratch& scratch) {
  if (f <= F::index) return apply_operator(f, in, scratch);
  if (f >= F::to_int && f <= F::to_type) return apply_conversion(f, in, scratch);
  if (f >= F::year && f <= F::milliseconds) return apply_time(f, in);
  return apply_text(f, in, scratch);
}

}  // namespace muster::rules
