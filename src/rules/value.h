// rules/value -- what an expression works on: sixteen octets, without an owner.
//
// Text, octets, lists and maps are views: of the event, of the program's constants, or of the
// Scratch in which they were made. A Value is good until one of them goes or the Scratch is
// cleared. A failure is a value too (Kind::error), because && and || may absorb it. Values only; a
// Scratch belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "wire/json.h"

namespace muster::rules {

enum class Kind : std::uint8_t {
  error,
  null,
  boolean,
  integer,
  natural,  // uint
  real,     // double
  string,
  bytes,
  timestamp,
  duration,
  list,
  map,
  type,
  dyn,   // in types only: known when it is evaluated
  open,  // in types only: the element of [], whatever it will turn out to be
};
const char* name_of(Kind);  // as CEL writes it: "int", "google.protobuf.Timestamp", ...

enum class Trouble : std::uint8_t {
  absent,         // a variable that this event does not have
  mistyped,       // a variable that is not what the schema declares
  no_field,       // a key or an index that is not there
  no_overload,    // the operator does not take these types
  no_name,        // neither a variable nor a function
  divided,        // by zero
  overflow,       // beyond the range of int, uint, timestamp or duration
  unconvertible,  // a text that is no number, a number that does not fit
  argument,       // outside what the function takes
  repeated_key,   // in a map literal
  memory,         // the Scratch is full
  steps,          // it took too long
};
const char* name_of(Trouble);  // a sentence's tail for a person

struct Value {
  Kind kind = Kind::error;
  Trouble trouble = Trouble::absent;
  std::uint16_t at = 0;     // of an error: where in the expression, in octets from 0
  std::uint32_t count = 0;  // octets, items, entries; of a timestamp its nanoseconds
  union {
    bool truth;
    std::int64_t integer = 0;  // also: seconds since 1970, nanoseconds of a duration
    std::uint64_t natural;
    double real;
    const char* text;
    const Value* items;  // of a map: key, value, key, value
    Kind type;
  };

  static Value null();
  static Value of(bool);
  static Value of(std::int64_t);
  static Value of(std::uint64_t);
  static Value of(double);
  static Value of(std::string_view);  // a view
  static Value of(const char*) = delete;
  static Value bytes(std::string_view);  // a view
  static Value timestamp(std::int64_t s, std::uint32_t ns);
  static Value timestamp(Instant);
  static Value duration(std::int64_t ns);
  static Value list(std::span<const Value>);             // a view
  static Value map(std::span<const Value> alternating);  // a view
  static Value of_type(Kind);
  static Value error(Trouble, std::uint16_t at = 0);

  bool is(Kind k) const { return kind == k; }
  bool is_error() const { return kind == Kind::error; }
  bool is_true() const { return kind == Kind::boolean && truth; }
  bool is_false() const { return kind == Kind::boolean && !truth; }
  std::string_view view() const { return {text, count}; }  // of a string or bytes
  std::span<const Value> list() const { return {items, count}; }
  std::span<const Value> entries() const { return {items, std::size_t{count} * 2}; }
};
static_assert(sizeof(Value) == 16);

bool is_number(const Value&);
std::optional<double> number(const Value&);  // of int, uint and double
// As CEL's ==: numbers by their value whatever their type, NaN unequal to all, else same kind.
bool equal(const Value&, const Value&);
// Less, equal, greater: -1, 0, 1. None where CEL has no order (NaN, lists, different kinds).
std::optional<int> order(const Value&, const Value&);
const Value* find(const Value& map, const Value& key);
wire::Json to_json(const Value&);  // int and uint beyond 2^63-1 as text; bytes as base64
std::string show(const Value&);    // for a person, at most 200 octets

// Memory of one evaluation: taken once, cleared before each, never grown.
class Scratch {
 public:
  explicit Scratch(std::size_t octets = 64 << 10);
  void clear() { used_ = 0; }
  char* text(std::size_t octets);    // null when it is full
  Value* values(std::size_t count);  // null when it is full
  std::span<Value> stack() { return {stack_.get(), stack_size}; }
  std::size_t used() const { return used_; }

  static constexpr std::size_t stack_size = 512;

 private:
  std::size_t size_, used_ = 0;
  std::unique_ptr<char[]> memory_;
  std::unique_ptr<Value[]> stack_;
};

}  // namespace muster::rules
