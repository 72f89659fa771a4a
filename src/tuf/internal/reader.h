// tuf/internal/reader -- takes the members of one object of metadata and leaves the others alone.
//
// The first fault sticks, with its JSON pointer; each later call returns a default, so that an
// object is read in one go and checked once. The Json outlives it. One thread.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "wire/json.h"

namespace muster::tuf {

class Reader {
 public:
  Reader(const wire::Json& object, std::string pointer)
      : object_(object), pointer_(std::move(pointer)) {
    if (!object.members()) refuse("", "must be an object");
  }

  const wire::Json* maybe(std::string_view key) const { return object_.find(key); }
  std::string pointer(std::string_view key) const {
    return key.empty() ? pointer_ : wire::json_pointer(pointer_, key);
  }
  void refuse(std::string_view key, std::string message) {
    if (!fault_) fault_ = Error{Fault::invalid, std::move(message), pointer(key)};
  }

  const std::string& text(std::string_view key, std::size_t max) {
    static const std::string none;
    const wire::Json* v = object_.find(key);
    if (v && v->text() && v->text()->size() <= max) return *v->text();
    refuse(key, "must be a text of at most " + std::to_string(max) + " bytes");
    return none;
  }
  std::int64_t integer(std::string_view key, std::int64_t min) {
    const wire::Json* v = object_.find(key);
    if (v && v->integer() && *v->integer() >= min) return *v->integer();
    refuse(key, "must be a whole number, at least " + std::to_string(min));
    return min;
  }
  bool boolean_or(std::string_view key, bool fallback) {
    const wire::Json* v = object_.find(key);
    if (!v) return fallback;
    if (!v->boolean()) refuse(key, "must be true or false");
    return v->boolean() ? *v->boolean() : fallback;
  }
  const wire::Json::Members& members(std::string_view key, std::size_t max) {
    static const wire::Json::Members none;
    const wire::Json* v = object_.find(key);
    if (v && v->members() && v->members()->size() <= max) return *v->members();
    refuse(key, "must be an object of at most " + std::to_string(max) + " members");
    return none;
  }
  const wire::Json::Array& array(std::string_view key, std::size_t max) {
    static const wire::Json::Array none;
    const wire::Json* v = object_.find(key);
    if (v && v->items() && v->items()->size() <= max) return *v->items();
    refuse(key, "must be a list of at most " + std::to_string(max));
    return none;
  }
  Instant time(std::string_view key) {
    auto t = parse_rfc3339(text(key, 32));
    if (!t) refuse(key, "must be a time such as 2030-01-01T00:00:00Z");
    return t ? *t : Instant{};
  }
  Result<void> done() const {
    if (fault_) return std::unexpected(*fault_);
    return {};
  }

 private:
  const wire::Json& object_;
  std::string pointer_;
  std::optional<Error> fault_;
};

}  // namespace muster::tuf
