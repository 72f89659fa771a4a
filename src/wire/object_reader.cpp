#include <algorithm>

#include "wire/json.h"

namespace muster::wire {
namespace {

std::string kind_of(const Json& v) {
  if (v.is_null()) return "null";
  if (v.boolean()) return "a boolean";
  if (v.integer()) return std::to_string(*v.integer());
  if (v.text()) return "a string";
  if (v.items()) return "an array";
  if (v.members()) return "an object";
  return "a fraction";
}

// An integer shows its value where only its size can be wrong, and its kind where it is out of
// place.
std::string kind_for(const Json& v, std::string_view wanted) {
  return v.integer() && !wanted.starts_with("an integer") ? "a number" : kind_of(v);
}

const Json null;
const Json::Array no_items;

}  // namespace

std::string json_pointer(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::string json_pointer(std::string_view pointer, std::size_t index) {
  return json_pointer(pointer, std::to_string(index));
}

ObjectReader::ObjectReader(const Json& value, std::string pointer)
    : value_(&value), pointer_(std::move(pointer)) {
  if (!value.members())
    fault_ = Error{Fault::invalid, "must be an object, not " + kind_for(value, ""), pointer_};
}

std::string ObjectReader::pointer(std::string_view key) const {
  return json_pointer(pointer_, key);
}

void ObjectReader::refuse(std::string_view key, std::string message) {
  if (!fault_) fault_ = Error{Fault::invalid, std::move(message), pointer(key)};
}

void ObjectReader::mistyped(std::string_view key, const Json& v, std::string_view wanted) {
  refuse(key, "must be " + std::string(wanted) + ", not " + kind_for(v, wanted));
}

const Json* ObjectReader::maybe(std::string_view key) {
  if (std::find(taken_.begin(), taken_.end(), key) == taken_.end()) taken_.push_back(key);
  return value_->find(key);
}

const Json* ObjectReader::take(std::string_view key, std::string_view wanted) {
  const Json* v = maybe(key);
  if (!v) refuse(key, "is missing; must be " + std::string(wanted));
  return v;
}

std::string ObjectReader::text_of(std::string_view key, const Json* v, std::size_t max) {
  if (!v) return {};
  const std::string* text = v->text();
  std::string wanted = "a string of at most " + std::to_string(max) + " bytes";
  if (!text)
    mistyped(key, *v, wanted);
  else if (text->size() > max)
    refuse(key, "must be " + wanted + ", not " + std::to_string(text->size()));
  else
    return *text;
  return {};
}

std::string ObjectReader::text(std::string_view key, std::size_t max) {
  return text_of(key, take(key, "a string"), max);
}

std::string ObjectReader::text_or(std::string_view key, std::string fallback, std::size_t max) {
  const Json* v = maybe(key);
  return v ? text_of(key, v, max) : std::move(fallback);
}

std::int64_t ObjectReader::integer_of(std::string_view key, const Json* v, std::int64_t min,
                                      std::int64_t max) {
  if (!v) return min;
  const std::int64_t* i = v->integer();
  if (i && *i >= min && *i <= max) return *i;
  mistyped(key, *v, "an integer from " + std::to_string(min) + " to " + std::to_string(max));
  return min;
}

std::int64_t ObjectReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  std::string wanted = "an integer from " + std::to_string(min) + " to " + std::to_string(max);
  return integer_of(key, take(key, wanted), min, max);
}

std::int64_t ObjectReader::integer_or(std::string_view key, std::int64_t fallback, std::int64_t min,
                                      std::int64_t max) {
  const Json* v = maybe(key);
  return v ? integer_of(key, v, min, max) : fallback;
}

double ObjectReader::number(std::string_view key) {
  const Json* v = take(key, "a number");
  if (v && !v->number()) mistyped(key, *v, "a number");
  return v ? v->number().value_or(0) : 0;
}

bool ObjectReader::boolean(std::string_view key) {
  const Json* v = take(key, "true or false");
  if (v && !v->boolean()) mistyped(key, *v, "true or false");
  return v && v->boolean() && *v->boolean();
}

bool ObjectReader::boolean_or(std::string_view key, bool fallback) {
  const Json* v = maybe(key);
  if (v && !v->boolean()) mistyped(key, *v, "true or false");
  return v && v->boolean() ? *v->boolean() : fallback;
}

const Json& ObjectReader::any(std::string_view key) {
  const Json* v = take(key, "a value");
  return v ? *v : null;
}

const Json::Array& ObjectReader::array(std::string_view key, std::size_t max_items) {
  std::string wanted = "an array of at most " + std::to_string(max_items) + " items";
  const Json* v = take(key, wanted);
  if (!v) return no_items;
  const Json::Array* items = v->items();
  if (!items)
    mistyped(key, *v, wanted);
  else if (items->size() > max_items)
    refuse(key, "must be " + wanted + ", not " + std::to_string(items->size()));
  else
    return *items;
  return no_items;
}

std::vector<std::string> ObjectReader::texts_or(std::string_view key,
                                                std::vector<std::string> fallback,
                                                std::size_t max_items, std::size_t max) {
  if (!maybe(key)) return fallback;
  std::vector<std::string> out;
  std::size_t index = 0;
  for (const Json& item : array(key, max_items)) {
    const std::string* text = item.text();
    if (!fault_ && (!text || text->size() > max))
      fault_ = Error{Fault::invalid,
                     "must be a string of at most " + std::to_string(max) + " bytes, not " +
                         (text ? std::to_string(text->size()) : kind_for(item, "")),
                     json_pointer(pointer(key), index)};
    if (text) out.push_back(*text);
    ++index;
  }
  return out;
}

Instant ObjectReader::time(std::string_view key) {
  const Json* v = take(key, "a time such as 2026-11-22T04:50:21Z");
  if (!v) return {};
  auto parsed = parse_rfc3339(text_of(key, v, 64));
  if (!parsed) refuse(key, std::move(parsed.error().message));
  return parsed ? *parsed : Instant{};
}

ObjectReader ObjectReader::child(std::string_view key) {
  const Json* v = take(key, "an object");
  return ObjectReader(v ? *v : null, pointer(key));
}

Result<void> ObjectReader::done() {
  if (fault_) return std::unexpected(*fault_);
  for (const auto& [name, value] : *value_->members()) {
    if (std::find(taken_.begin(), taken_.end(), name) != taken_.end()) continue;
    std::string known;
    for (std::string_view key : taken_) {
      if (!known.empty()) known += ", ";
      known += key;
    }
    return fail(Fault::invalid, "unknown member; known here: " + known, pointer(name));
  }
  return {};
}

}  // namespace muster::wire
