#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "rules/internal/functions.h"
#include "rules/internal/times.h"

namespace muster::rules {
namespace {

using F = Function;

const Value overflow = Value::error(Trouble::overflow);
const Value no_overload = Value::error(Trouble::no_overload);

template <class T>
Value whole(F f, T a, T b) {
  T out = 0;
  constexpr bool is_signed = std::numeric_limits<T>::is_signed;
  switch (f) {
    case F::add:
      return __builtin_add_overflow(a, b, &out) ? overflow : Value::of(out);
    case F::subtract:
      return __builtin_sub_overflow(a, b, &out) ? overflow : Value::of(out);
    case F::multiply:
      return __builtin_mul_overflow(a, b, &out) ? overflow : Value::of(out);
    case F::divide:
    case F::modulo:
      if (b == 0) return Value::error(Trouble::divided);
      if constexpr (is_signed)
        if (b == -1) return f == F::modulo ? Value::of(T{0}) : whole(F::subtract, T{0}, a);
      return Value::of(static_cast<T>(f == F::divide ? a / b : a % b));
    default:
      return no_overload;
  }
}

Value fraction(F f, double a, double b) {
  switch (f) {
    case F::add:
      return Value::of(a + b);
    case F::subtract:
      return Value::of(a - b);
    case F::multiply:
      return Value::of(a * b);
    case F::divide:
      return Value::of(b == 0 ? (a == 0 || std::isnan(a)
                                     ? std::nan("")
                                     : std::copysign(HUGE_VAL, a) * (std::signbit(b) ? -1 : 1))
                              : a / b);
    default:
      return no_overload;
  }
}

Value joined_text(const Value& a, const Value& b, Scratch& scratch) {
  char* out = scratch.text(std::size_t{a.count} + b.count);
  if (!out) return Value::error(Trouble::memory);
  std::copy_n(a.text, a.count, out);
  std::copy_n(b.text, b.count, out + a.count);
  Value v = a;
  v.text = out;
  v.count = a.count + b.count;
  return v;
}

Value joined_list(const Value& a, const Value& b, Scratch& scratch) {
  Value* out = scratch.values(std::size_t{a.count} + b.count);
  if (!out) return Value::error(Trouble::memory);
  std::ranges::copy(b.list(), std::ranges::copy(a.list(), out).out);
  return Value::list({out, std::size_t{a.count} + b.count});
}

Value moved(const Value& t, std::int64_t ns) {
  auto out = plus({t.integer, t.count}, ns);
  return out ? Value::timestamp(out->seconds, out->ns) : overflow;
}

Value in_time(F f, const Value& a, const Value& b) {
  const bool at = a.is(Kind::timestamp), bt = b.is(Kind::timestamp);
  std::int64_t ns = 0;
  if (f == F::subtract && at && bt) {
    auto between = minus({a.integer, a.count}, {b.integer, b.count});
    return between ? Value::duration(*between) : overflow;
  }
  if (f == F::add && at && !bt) return moved(a, b.integer);
  if (f == F::add && bt && !at) return moved(b, a.integer);
  if (f == F::subtract && at && !bt)
    return b.integer == std::numeric_limits<std::int64_t>::min() ? overflow : moved(a, -b.integer);
  if (at || bt) return no_overload;
  if (f == F::add)
    return __builtin_add_overflow(a.integer, b.integer, &ns) ? overflow : Value::duration(ns);
  if (f == F::subtract)
    return __builtin_sub_overflow(a.integer, b.integer, &ns) ? overflow : Value::duration(ns);
  return no_overload;
}

Value arithmetic(F f, const Value& a, const Value& b, Scratch& scratch) {
  const auto timely = [](const Value& v) { return v.is(Kind::timestamp) || v.is(Kind::duration); };
  if (timely(a) && timely(b)) return in_time(f, a, b);
  if (a.kind != b.kind) return no_overload;
  switch (a.kind) {
    case Kind::integer:
      return whole(f, a.integer, b.integer);
    case Kind::natural:
      return whole(f, a.natural, b.natural);
    case Kind::real:
      return fraction(f, a.real, b.real);
    case Kind::string:
    case Kind::bytes:
      return f == F::add ? joined_text(a, b, scratch) : no_overload;
    case Kind::list:
      return f == F::add ? joined_list(a, b, scratch) : no_overload;
    default:
      return no_overload;
  }
}

Value negated(const Value& a) {
  if (a.is(Kind::real)) return Value::of(-a.real);
  const bool least = a.integer == std::numeric_limits<std::int64_t>::min();
  if (a.is(Kind::integer)) return least ? overflow : Value::of(-a.integer);
  if (a.is(Kind::duration)) return least ? overflow : Value::duration(-a.integer);
  return no_overload;
}

Value compared(F f, const Value& a, const Value& b) {
  const bool numbers = is_number(a) && is_number(b);
  const bool ordered = a.is(Kind::boolean) || a.is(Kind::string) || a.is(Kind::bytes) ||
                       a.is(Kind::timestamp) || a.is(Kind::duration);
  if (!numbers && (a.kind != b.kind || !ordered)) return no_overload;
  auto sign = order(a, b);
  if (!sign) return Value::of(false);  // NaN
  switch (f) {
    case F::less:
      return Value::of(*sign < 0);
    case F::at_most:
      return Value::of(*sign <= 0);
    case F::more:
      return Value::of(*sign > 0);
    default:
      return Value::of(*sign >= 0);
  }
}

Value contained(const Value& item, const Value& in) {
  if (in.is(Kind::map)) return Value::of(find(in, item) != nullptr);
  if (!in.is(Kind::list)) return no_overload;
  return Value::of(std::ranges::any_of(in.list(), [&](const Value& v) { return equal(v, item); }));
}

Value indexed(const Value& in, const Value& key) {
  if (in.is(Kind::map)) {
    const Value* found = find(in, key);
    return found ? *found : Value::error(Trouble::no_field);
  }
  if (!in.is(Kind::list) || !is_number(key)) return no_overload;
  const double at = *number(key);
  if (at != std::trunc(at)) return Value::error(Trouble::argument);
  if (!(at >= 0 && at < in.count)) return Value::error(Trouble::no_field);
  return in.items[static_cast<std::size_t>(at)];
}

}  // namespace

Value apply_operator(Function f, std::span<const Value> in, Scratch& scratch) {
  switch (f) {
    case F::negate:
      return negated(in[0]);
    case F::invert:
      return in[0].is(Kind::boolean) ? Value::of(!in[0].truth) : no_overload;
    case F::equal:
      return Value::of(equal(in[0], in[1]));
    case F::unequal:
      return Value::of(!equal(in[0], in[1]));
    case F::less:
    case F::at_most:
    case F::more:
    case F::at_least:
      return compared(f, in[0], in[1]);
    case F::in:
      return contained(in[0], in[1]);
    case F::index:
      return indexed(in[0], in[1]);
    default:
      return arithmetic(f, in[0], in[1], scratch);
  }
}

}  // namespace muster::rules
