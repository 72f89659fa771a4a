// wire/place -- where in a document a reader is, so that a fault can say so: spelled only
// when there is one. A Place lives on the stack of who descends. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "wire/json.h"

namespace muster::wire {

struct Place {
  const Place* above = nullptr;
  std::string_view key = {};
  std::size_t index = 0;
  bool is_index = false;

  Place at(std::string_view member) const { return {this, member}; }
  Place at(std::size_t item) const { return {this, {}, item, true}; }
  std::string pointer() const {
    if (!above) return {};
    return is_index ? json_pointer(above->pointer(), index) : json_pointer(above->pointer(), key);
  }
  std::unexpected<Error> refuse(std::string why) const {
    return fail(Fault::invalid, std::move(why), pointer());
  }
};

// A text of at most `max` bytes; empty when it is absent and need not be there.
Result<std::string> text_at(const Json& object, std::string_view key, const Place&, bool required,
                            std::size_t max);
// The items of an array; none when it is absent.
Result<const Json::Array*> items_at(const Json& object, std::string_view key, const Place&);
// One of these words, if it is there.
Result<void> check_word(const Json& object, std::string_view key, const Place&, bool required,
                        std::initializer_list<std::string_view> words);

}  // namespace muster::wire
