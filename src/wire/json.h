// wire/json -- JSON values (RFC 8259): parse with bounds, read strictly, write canonically.
//
// Parsing refuses duplicate keys, depth over 32, anything after the value, and invalid UTF-8. An
// Object reader refuses what a request should not hold: an unknown or mistyped member is an error
// that names its JSON pointer. canonical() sorts keys by code point and writes no space, so that
// equal values have equal bytes; what is signed or hashed is canonical and holds no fractions. Pure
// functions; any thread.
//
// Numbers: an integer of 64 signed bits stays one; every other number is a double, and keeps a
// point or an exponent when it is written, so that neither turns into the other. A double that is
// not finite does not parse and is written as null. Text that is not UTF-8 (it can only come from
// our own code) is written with U+FFFD in place of each bad byte.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace muster::wire {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Members = std::vector<Member>;  // in order of insertion; keys are unique

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool v) : value_(v) {}
  Json(int v) : value_(std::int64_t{v}) {}
  Json(unsigned v) : value_(std::int64_t{v}) {}
  Json(std::int64_t v) : value_(v) {}
  Json(std::uint64_t v) : value_(static_cast<std::int64_t>(v)) {}
  Json(double v) : value_(v) {}
  Json(std::string v) : value_(std::move(v)) {}
  Json(std::string_view v) : value_(std::string(v)) {}
  Json(const char* v) : value_(std::string(v)) {}
  Json(Array v) : value_(std::move(v)) {}
  static Json object(std::initializer_list<Member> members = {});
  static Json of_members(Members);  // the caller knows that no key is there twice
  static Json array(std::initializer_list<Json> items = {});
  template <class T>
  static Json optional(const std::optional<T>& v) {
    return v ? Json(*v) : Json();
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  std::optional<double> number() const;  // integer or fraction
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const Array* items() const { return std::get_if<Array>(&value_); }
  const Members* members() const { return std::get_if<Members>(&value_); }
  const Json* find(std::string_view key) const;  // null when not an object or not there

  Json& set(std::string key, Json value);  // makes an object of null; replaces; returns *this
  Json& push(Json value);                  // makes an array of null; returns *this
  bool operator==(const Json&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Members> value_;
};

struct JsonLimits {
  std::size_t bytes = 1 << 20;
  std::size_t depth = 32;
};
Result<Json> parse_json(std::string_view, JsonLimits = {});
std::string to_text(const Json&);    // compact, members in order
std::string canonical(const Json&);  // compact, members sorted

// Reads the members of one object and refuses what is left over. Each call records the first fault
// and returns a default, so that a request is read in one go and checked once, by done().
//
//   ObjectReader in(body);
//   auto model = in.name<ModelTag>("model");
//   auto size = in.integer("size", 0, 1 << 30);
//   TRY_VOID(in.done());  // the first fault, or the first unknown member
//
// The Json and the keys must outlive the reader. Lengths of texts are in bytes.
class ObjectReader {
 public:
  explicit ObjectReader(const Json&, std::string pointer = "");  // pointer: of the object itself
  explicit ObjectReader(Json&&, std::string pointer = "") = delete;
  std::string text(std::string_view key, std::size_t max = 1024);  // required
  std::string text_or(std::string_view key, std::string fallback, std::size_t max = 1024);
  std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::int64_t integer_or(std::string_view key, std::int64_t fallback, std::int64_t min,
                          std::int64_t max);
  double number(std::string_view key);
  bool boolean(std::string_view key);
  bool boolean_or(std::string_view key, bool fallback);
  const Json& any(std::string_view key);    // required; null Json after a fault
  const Json* maybe(std::string_view key);  // null when absent
  const Json::Array& array(std::string_view key, std::size_t max_items);
  std::vector<std::string> texts_or(std::string_view key, std::vector<std::string> fallback,
                                    std::size_t max_items = 256, std::size_t max = 256);
  template <class Tag>
  Name<Tag> name(std::string_view key) {
    return name_of<Tag>(key, take(key, "a name"));
  }
  template <class Tag>
  std::optional<Name<Tag>> maybe_name(std::string_view key) {
    const Json* v = maybe(key);
    return v ? std::optional(name_of<Tag>(key, v)) : std::nullopt;
  }
  Instant time(std::string_view key);        // RFC 3339 text in UTC
  ObjectReader child(std::string_view key);  // its faults are its own: call its done() too
  void refuse(std::string_view key, std::string message);  // a rule of the caller's own
  std::string pointer(std::string_view key) const;
  Result<void> done();

 private:
  const Json* take(std::string_view key, std::string_view wanted);
  void mistyped(std::string_view key, const Json&, std::string_view wanted);
  std::string text_of(std::string_view key, const Json*, std::size_t max);
  std::int64_t integer_of(std::string_view key, const Json*, std::int64_t min, std::int64_t max);
  template <class Tag>
  Name<Tag> name_of(std::string_view key, const Json* v) {
    if (!v) return {};
    auto parsed = Name<Tag>::parse(text_of(key, v, 64));
    if (!parsed) refuse(key, std::move(parsed.error().message));
    return parsed ? std::move(*parsed) : Name<Tag>{};
  }

  const Json* value_;
  std::string pointer_;
  std::vector<std::string_view> taken_;
  std::optional<Error> fault_;
};

// pointer + "/" + key, escaped as RFC 6901 section 3 asks; and the same for an array's index.
std::string json_pointer(std::string_view pointer, std::string_view key);
std::string json_pointer(std::string_view pointer, std::size_t index);

}  // namespace muster::wire
