#include <algorithm>

#include "rules/internal/running.h"

namespace muster::rules {
namespace {

std::uint64_t mixed(std::uint64_t h) {
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
  h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
  return h ^ (h >> 31);
}

}  // namespace

void add_to(Cell& cell, AggregateKind kind, double value, std::int64_t at) {
  merge_into(cell, kind, {1, value, value, at, at});
}

void merge_into(Cell& into, AggregateKind kind, const Cell& from) {
  if (from.n == 0) return;
  if (into.n == 0) {
    into = from;
    return;
  }
  into.n += from.n;
  switch (kind) {
    case AggregateKind::sum:
    case AggregateKind::mean:
      into.a += from.a;
      break;
    case AggregateKind::min:
      into.a = std::min(into.a, from.a);
      break;
    case AggregateKind::max:
      into.a = std::max(into.a, from.a);
      break;
    case AggregateKind::last:
    case AggregateKind::rate:
      if (from.first < into.first) into.a = from.a, into.first = from.first;
      if (from.last >= into.last) into.b = from.b, into.last = from.last;
      break;
    default:
      break;
  }
}

Value value_of(const Cell& cell, AggregateKind kind) {
  if (kind == AggregateKind::count || kind == AggregateKind::distinct)
    return Value::of(static_cast<std::int64_t>(cell.n));
  if (kind == AggregateKind::sum) return Value::of(cell.n ? cell.a : 0.0);
  if (cell.n == 0) return {};
  if (kind == AggregateKind::mean) return Value::of(cell.a / static_cast<double>(cell.n));
  if (kind == AggregateKind::last) return Value::of(cell.b);
  if (kind != AggregateKind::rate) return Value::of(cell.a);
  if (cell.last <= cell.first) return {};
  return Value::of((cell.b - cell.a) * 1000 / static_cast<double>(cell.last - cell.first));
}

std::uint64_t hash_of(const Value& v) {
  std::uint64_t h = static_cast<std::uint64_t>(v.kind) << 56;
  if (v.is(Kind::string)) {
    h ^= 0xcbf29ce484222325;
    for (char c : v.view()) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  } else {
    h ^= v.natural;
  }
  return std::max<std::uint64_t>(1, mixed(h));
}

bool add_hash(std::span<std::uint64_t> set, std::uint64_t hash) {
  for (std::size_t i = 0; i < set.size(); ++i) {
    std::uint64_t& place = set[(hash + i) % set.size()];
    if (place == hash) return true;
    if (place == 0) return place = hash, true;
  }
  return false;
}

}  // namespace muster::rules
