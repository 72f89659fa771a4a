#include "rules/value.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "rules/internal/times.h"

namespace muster::rules {
namespace {

template <class T>
int sign_of(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

int order_of(std::int64_t a, std::uint64_t b) {
  return a < 0 ? -1 : sign_of(static_cast<std::uint64_t>(a), b);
}

// As CEL has it: both as doubles, so that an int above 2^53 may equal a double that is not quite
// it.
int order_of(double a, std::int64_t b) {
  return sign_of(a, static_cast<double>(b));
}

int order_of(double a, std::uint64_t b) {
  return sign_of(a, static_cast<double>(b));
}

std::optional<int> order_numbers(const Value& a, const Value& b) {
  if (a.is(Kind::real) && std::isnan(a.real)) return {};
  if (b.is(Kind::real) && std::isnan(b.real)) return {};
  if (a.kind == b.kind) {
    if (a.is(Kind::integer)) return sign_of(a.integer, b.integer);
    return a.is(Kind::natural) ? sign_of(a.natural, b.natural) : sign_of(a.real, b.real);
  }
  if (a.is(Kind::real))
    return b.is(Kind::integer) ? order_of(a.real, b.integer) : order_of(a.real, b.natural);
  if (b.is(Kind::real))
    return -(a.is(Kind::integer) ? order_of(b.real, a.integer) : order_of(b.real, a.natural));
  return a.is(Kind::integer) ? order_of(a.integer, b.natural) : -order_of(b.integer, a.natural);
}

bool equal_maps(const Value& a, const Value& b) {
  if (a.count != b.count) return false;
  auto entries = a.entries();
  for (std::size_t i = 0; i < entries.size(); i += 2) {
    const Value* other = find(b, entries[i]);
    if (!other || !equal(entries[i + 1], *other)) return false;
  }
  return true;
}

}  // namespace

const char* name_of(Kind kind) {
  static constexpr const char* names[] = {"error",
                                          "null_type",
                                          "bool",
                                          "int",
                                          "uint",
                                          "double",
                                          "string",
                                          "bytes",
                                          "google.protobuf.Timestamp",
                                          "google.protobuf.Duration",
                                          "list",
                                          "map",
                                          "type",
                                          "dyn",
                                          "dyn"};
  return names[static_cast<std::size_t>(kind)];
}

const char* name_of(Trouble trouble) {
  static constexpr const char* names[] = {
      "a variable that this event does not have",
      "a variable that is not of its declared type",
      "no such field, key or index",
      "the operator or function does not take values of these types",
      "neither a variable nor a function",
      "division by zero",
      "the result is out of range",
      "the value cannot be converted",
      "an argument outside of what the function takes",
      "a key is there twice",
      "more memory than an evaluation may take",
      "more steps than an evaluation may take"};
  return names[static_cast<std::size_t>(trouble)];
}

Value Value::null() {
  Value v;
  v.kind = Kind::null;
  return v;
}
Value Value::of(bool b) {
  Value v;
  v.kind = Kind::boolean;
  v.integer = 0;
  v.truth = b;
  return v;
}
Value Value::of(std::int64_t i) {
  Value v;
  v.kind = Kind::integer;
  v.integer = i;
  return v;
}
Value Value::of(std::uint64_t u) {
  Value v;
  v.kind = Kind::natural;
  v.natural = u;
  return v;
}
Value Value::of(double d) {
  Value v;
  v.kind = Kind::real;
  v.real = d;
  return v;
}
Value Value::of(std::string_view s) {
  Value v;
  v.kind = Kind::string;
  v.count = static_cast<std::uint32_t>(s.size());
  v.text = s.data();
  return v;
}
Value Value::bytes(std::string_view s) {
  Value v = of(s);
  v.kind = Kind::bytes;
  return v;
}
Value Value::timestamp(std::int64_t s, std::uint32_t ns) {
  Value v;
  v.kind = Kind::timestamp;
  v.integer = s;
  v.count = ns;
  return v;
}
Value Value::timestamp(Instant t) {
  const std::int64_t s = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  return timestamp(s, static_cast<std::uint32_t>((millis(t) - s * 1000) * 1'000'000));
}
Value Value::duration(std::int64_t ns) {
  Value v;
  v.kind = Kind::duration;
  v.integer = ns;
  return v;
}
Value Value::list(std::span<const Value> items) {
  Value v;
  v.kind = Kind::list;
  v.count = static_cast<std::uint32_t>(items.size());
  v.items = items.data();
  return v;
}
Value Value::map(std::span<const Value> alternating) {
  Value v;
  v.kind = Kind::map;
  v.count = static_cast<std::uint32_t>(alternating.size() / 2);
  v.items = alternating.data();
  return v;
}
Value Value::of_type(Kind kind) {
  Value v;
  v.kind = Kind::type;
  v.integer = 0;
  v.type = kind;
  return v;
}
Value Value::error(Trouble trouble, std::uint16_t at) {
  Value v;
  v.trouble = trouble;
  v.at = at;
  return v;
}

bool is_number(const Value& v) {
  return v.is(Kind::integer) || v.is(Kind::natural) || v.is(Kind::real);
}

std::optional<double> number(const Value& v) {
  if (v.is(Kind::integer)) return static_cast<double>(v.integer);
  if (v.is(Kind::natural)) return static_cast<double>(v.natural);
  if (v.is(Kind::real)) return v.real;
  return {};
}

bool equal(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return order_numbers(a, b) == 0;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::boolean:
      return a.truth == b.truth;
    case Kind::string:
    case Kind::bytes:
      return a.view() == b.view();
    case Kind::timestamp:
      return a.integer == b.integer && a.count == b.count;
    case Kind::duration:
      return a.integer == b.integer;
    case Kind::type:
      return a.type == b.type;
    case Kind::list:
      for (std::uint32_t i = 0; i < a.count && a.count == b.count; ++i)
        if (!equal(a.items[i], b.items[i])) return false;
      return a.count == b.count;
    case Kind::map:
      return equal_maps(a, b);
    default:
      return a.is(Kind::null);
  }
}

std::optional<int> order(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return order_numbers(a, b);
  if (a.kind != b.kind) return {};
  switch (a.kind) {
    case Kind::boolean:
      return sign_of(a.truth, b.truth);
    case Kind::string:
    case Kind::bytes:
      return sign_of(a.view().compare(b.view()), 0);
    case Kind::timestamp:
      return a.integer != b.integer ? sign_of(a.integer, b.integer) : sign_of(a.count, b.count);
    case Kind::duration:
      return sign_of(a.integer, b.integer);
    default:
      return {};
  }
}

const Value* find(const Value& map, const Value& key) {
  auto entries = map.entries();
  for (std::size_t i = 0; i < entries.size(); i += 2)
    if (equal(entries[i], key)) return &entries[i + 1];
  return nullptr;
}

wire::Json to_json(const Value& v) {
  switch (v.kind) {
    case Kind::boolean:
      return v.truth;
    case Kind::integer:
      return v.integer;
    case Kind::natural:
      if (v.natural > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        return std::to_string(v.natural);
      return v.natural;
    case Kind::real:
      return v.real;
    case Kind::string:
      return v.view();
    case Kind::bytes:
      return to_base64(bytes_of(v.view()));
    case Kind::timestamp:
      return show_timestamp(v.integer, v.count);
    case Kind::duration:
      return show_duration(v.integer);
    case Kind::type:
      return name_of(v.type);
    case Kind::list: {
      auto out = wire::Json::array();
      for (const Value& item : v.list()) out.push(to_json(item));
      return out;
    }
    case Kind::map: {
      auto out = wire::Json::object();
      for (std::size_t i = 0; i < v.entries().size(); i += 2)
        out.set(show(v.entries()[i]), to_json(v.entries()[i + 1]));
      return out;
    }
    default:
      return {};
  }
}

std::string show(const Value& v) {
  if (v.is_error()) return std::string("error: ") + name_of(v.trouble);
  wire::Json json = to_json(v);
  std::string out = json.text() ? *json.text() : wire::to_text(json);
  if (out.size() > 200) out.resize(200);
  return out;
}

Scratch::Scratch(std::size_t octets)
    : size_(octets),
      memory_(std::make_unique<char[]>(octets)),
      stack_(std::make_unique<Value[]>(stack_size)) {}

char* Scratch::text(std::size_t octets) {
  if (octets > size_ - used_) return nullptr;
  char* taken = memory_.get() + used_;
  used_ += octets;
  return taken;
}

Value* Scratch::values(std::size_t count) {
  const std::size_t start = (used_ + alignof(Value) - 1) / alignof(Value) * alignof(Value);
  if (start > size_ || count > (size_ - start) / sizeof(Value)) return nullptr;
  used_ = start + count * sizeof(Value);
  auto* first = reinterpret_cast<Value*>(memory_.get() + start);
  return std::uninitialized_value_construct_n(first, count), first;
}

}  // namespace muster::rules
