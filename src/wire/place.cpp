#include "wire/place.h"

#include <algorithm>

namespace muster::wire {
namespace {

const Json::Array none;

}  // namespace

Result<std::string> text_at(const Json& object, std::string_view key, const Place& place,
                            bool required, std::size_t max) {
  const Json* value = object.find(key);
  if (!value && !required) return std::string();
  if (!value) return place.at(key).refuse("is missing; must be a string");
  if (!value->text()) return place.at(key).refuse("must be a string");
  if (value->text()->size() > max)
    return place.at(key).refuse("must be a string of at most " + std::to_string(max) +
                                " bytes, not " + std::to_string(value->text()->size()));
  return *value->text();
}

Result<const Json::Array*> items_at(const Json& object, std::string_view key, const Place& place) {
  const Json* value = object.find(key);
  if (!value) return &none;
  if (!value->items()) return place.at(key).refuse("must be an array");
  return value->items();
}

Result<void> check_word(const Json& object, std::string_view key, const Place& place, bool required,
                        std::initializer_list<std::string_view> words) {
  const Json* value = object.find(key);
  if (!value && !required) return {};
  if (value && value->text() && std::ranges::find(words, *value->text()) != words.end()) return {};
  std::string known;
  for (const auto word : words) known += (known.empty() ? "" : ", ") + std::string(word);
  return place.at(key).refuse((value ? "must be one of: " : "is missing; must be one of: ") +
                              known);
}

}  // namespace muster::wire
