#include "rules/event.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "rules/internal/times.h"

namespace muster::rules {
namespace {

const wire::Json* member(const wire::Json& event, std::string_view path) {
  const wire::Json* at = &event;
  while (at) {
    const auto dot = path.find('.');
    at = at->find(path.substr(0, dot));
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

const Value mistyped = Value::error(Trouble::mistyped);

Value read(const wire::Json&, const Type&, std::uint32_t most, Scratch&, int depth);

Value read_list(const wire::Json::Array& items, const Type& type, std::uint32_t most,
                Scratch& scratch, int depth) {
  if (items.size() > (most ? most : 64) || depth > 8) return mistyped;
  Value* out = scratch.values(items.size());
  if (!out) return Value::error(Trouble::memory);
  const Type item = type.of.empty() ? Type{} : type.of[0];
  for (std::size_t i = 0; i < items.size(); ++i)
    if ((out[i] = read(items[i], item, 0, scratch, depth + 1)).is_error()) return out[i];
  return Value::list({out, items.size()});
}

Value read_map(const wire::Json::Members& members, const Type& type, std::uint32_t most,
               Scratch& scratch, int depth) {
  if (members.size() > (most ? most : 64) || depth > 8) return mistyped;
  if (!type.of.empty() && !type.of[0].is(Kind::string) && !type.of[0].is(Kind::dyn))
    return mistyped;
  Value* out = scratch.values(members.size() * 2);
  if (!out) return Value::error(Trouble::memory);
  const Type item = type.of.size() < 2 ? Type{} : type.of[1];
  for (std::size_t i = 0; i < members.size(); ++i) {
    out[2 * i] = Value::of(std::string_view(members[i].first));
    out[2 * i + 1] = read(members[i].second, item, 0, scratch, depth + 1);
    if (out[2 * i + 1].is_error()) return out[2 * i + 1];
  }
  return Value::map({out, members.size() * 2});
}

Value read_text(const std::string& text, const Type& type, std::uint32_t most) {
  if (text.size() > (most ? most : 256)) return mistyped;
  if (type.is(Kind::string) || type.is(Kind::dyn)) return Value::of(std::string_view(text));
  if (type.is(Kind::timestamp)) {
    auto t = read_timestamp(text);
    return t ? Value::timestamp(t->seconds, t->ns) : mistyped;
  }
  if (type.is(Kind::duration)) {
    auto ns = read_duration(text);
    return ns ? Value::duration(*ns) : mistyped;
  }
  return mistyped;
}

Value read_integer(std::int64_t n, const Type& type) {
  if (type.is(Kind::integer) || type.is(Kind::dyn)) return Value::of(n);
  if (type.is(Kind::real)) return Value::of(static_cast<double>(n));
  if (type.is(Kind::natural) && n >= 0) return Value::of(static_cast<std::uint64_t>(n));
  const bool fits = n / 1000 >= first_second && n / 1000 <= last_second;
  return type.is(Kind::timestamp) && fits ? Value::timestamp(instant(n)) : mistyped;
}

Value read(const wire::Json& json, const Type& type, std::uint32_t most, Scratch& scratch,
           int depth) {
  const bool any = type.is(Kind::dyn);
  if (const bool* b = json.boolean())
    return any || type.is(Kind::boolean) ? Value::of(*b) : mistyped;
  if (const auto* n = json.integer()) return read_integer(*n, type);
  if (const auto* s = json.text()) return read_text(*s, type, most);
  if (const auto* items = json.items())
    return any || type.is(Kind::list) ? read_list(*items, type, most, scratch, depth) : mistyped;
  if (const auto* members = json.members())
    return any || type.is(Kind::map) ? read_map(*members, type, most, scratch, depth) : mistyped;
  if (json.is_null()) return any || type.is(Kind::null) ? Value::null() : mistyped;
  return any || type.is(Kind::real) ? Value::of(*json.number()) : mistyped;
}

}  // namespace

Result<Instant> time_of(const wire::Json& event) {
  const wire::Json* at = event.find("at");
  const char* wanted = "an event's \"at\" is its time: milliseconds since 1970 or RFC 3339 text";
  if (!at) return fail(Fault::invalid, wanted, "/at");
  if (const auto* ms = at->integer())
    if (*ms / 1000 >= first_second && *ms / 1000 <= last_second) return instant(*ms);
  if (const auto* text = at->text())
    if (auto t = read_timestamp(*text)) return instant(t->seconds * 1000 + t->ns / 1'000'000);
  return fail(Fault::invalid, wanted, "/at");
}

std::size_t bind_event(const wire::Json& event, const Schema& schema, std::span<Value> slots,
                       Scratch& scratch) {
  std::size_t wrong = 0;
  const std::size_t count = std::min(slots.size(), schema.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const Variable& v = schema.at(i);
    const wire::Json* json = member(event, v.name);
    slots[i] = json ? read(*json, v.type, v.most, scratch, 0) : Value();
    wrong += json && slots[i].is_error();
  }
  return wrong;
}

}  // namespace muster::rules
