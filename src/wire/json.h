// wire/json -- JSON values (RFC 8259): parse with bounds, read strictly, write canonically.
//
// Parsing refuses duplicate keys, depth over 32, anything after the value, and invalid UTF-8. An
// Object reader refuses what a request should not hold: an unknown or mistyped member is an error
// that names its JSON pointer. canonical() sorts keys by code point and writes no space, so that
// equal values have equal bytes; what is signed or hashed is canonical and holds no fractions. Pure
// functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
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

// Reads the members of one object and refuses what is left over.
//
//   ObjectReader in(body);
//   auto name = in.name<ModelTag>("model");      // each records the first fault and returns a
//   default auto size = in.integer("size", 0, 1 << 30); TRY_VOID(in.done()); // the first fault, or
//   the first unknown member
class ObjectReader {
 public:
  explicit ObjectReader(const Json&, std::string pointer = "");
  std::string text(std::string_view key, std::size_t max = 1024);  // required
  std::string text_or(std::string_view key, std::string fallback, std::size_t max = 1024);
  std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::int64_t integer_or(std::string_view key, std::int64_t fallback, std::int64_t min,
                          std::int64_t max);
  double number(std::string_view key);
  bool boolean_or(std::string_view key, bool fallback);
  const Json& any(std::string_view key);    // required; null Json after a fault
  const Json* maybe(std::string_view key);  // null when absent
  const Json::Array& array(std::string_view key, std::size_t max_items);
  std::vector<std::string> texts_or(std::string_view key, std::vector<std::string> fallback,
                                    std::size_t max_items = 256, std::size_t max = 256);
  void refuse(std::string_view key, std::string message);  // a rule of the caller's own
  std::string pointer(std::string_view key) const;
  Result<void> done();

 private:
  const Json* take(std::string_view key);
  const Json& value_;
  std::string pointer_;
  std::vector<std::string_view> taken_;
  std::optional<Error> fault_;
};

}  // namespace muster::wire
