// api/listing -- pages of lists that the domain gives whole. Domain thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <vector>

#include "api/internal/route.h"

namespace muster::api {

// How many of a list that is asked for whole: beyond these there is no further page.
inline constexpr std::size_t listed_max = 10'000;

// The number in the cursor; `none` when there is no cursor.
inline Result<std::uint64_t> cursor_number(const Context& c, std::uint64_t none) {
  auto cursor = from_base64(c.text("cursor"));
  if (cursor && cursor->empty()) return none;
  std::uint64_t number = 0;
  const std::string_view text = cursor ? text_of(*cursor) : std::string_view();
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size())
    return fail(Fault::invalid, "is not a cursor of this list", "?cursor");
  return number;
}

// A list in an order of its own, such as names. The cursor is a position.
template <class List, class Show>
Result<Reply> page_in_order(const Context& c, const List& all, Show show) {
  TRY(auto limit, c.number("limit", 1000, 1, 1000));
  TRY(auto from, cursor_number(c, 0));
  const std::size_t begin = std::min<std::size_t>(from, all.size());
  const std::size_t end = std::min(begin + static_cast<std::size_t>(limit), all.size());
  wire::Json::Array items;
  for (std::size_t n = begin; n < end; ++n) items.push_back(show(all[n]));
  return listing(std::move(items), end < all.size() ? std::to_string(end) : std::string(),
                 all.size());
}

// A list that grows at its front, numbered. The cursor is the number of the last one told, so that
// a page does not move when something new comes.
template <class List, class Number, class Show>
Result<Reply> page_newest_first(const Context& c, const List& all, Number number, Show show) {
  TRY(auto limit, c.number("limit", 100, 1, 1000));
  TRY(auto before, cursor_number(c, std::numeric_limits<std::uint64_t>::max()));
  auto at = std::ranges::find_if(all, [&](const auto& each) { return number(each) < before; });
  wire::Json::Array items;
  for (; at != all.end() && items.size() < static_cast<std::size_t>(limit); ++at)
    items.push_back(show(*at));
  const bool more = at != all.end();
  return listing(std::move(items), more ? std::to_string(number(*std::prev(at))) : std::string(),
                 all.size());
}

}  // namespace muster::api
