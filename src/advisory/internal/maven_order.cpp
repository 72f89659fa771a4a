// The order of Maven's ComparableVersion: lists of numbers and words, where a dash or a change from
// digits to letters opens a list of its own, and what says nothing at a list's end is dropped.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "advisory/internal/orders.h"

namespace muster::advisory {
namespace {

struct Item {
  enum class Kind { number, word, list } kind = Kind::number;
  std::string text = {};  // digits without leading zeros, or a word in lower case
  std::vector<Item> items = {};
};

constexpr std::array<std::string_view, 7> words{"alpha",    "beta", "milestone", "rc",
                                                "snapshot", "",     "sp"};

// What Maven compares a word by: its place, and unknown words behind all, by their letters.
std::pair<std::size_t, std::string_view> rank(std::string_view word) {
  const auto at = std::ranges::find(words, word);
  return {static_cast<std::size_t>(at - words.begin()), at == words.end() ? word : ""};
}

std::string word_of(std::string_view text, bool digit_follows) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  if (digit_follows && out.size() == 1) {
    if (out == "a") return "alpha";
    if (out == "b") return "beta";
    if (out == "m") return "milestone";
  }
  if (out == "ga" || out == "final" || out == "release") return "";
  return out == "cr" ? "rc" : out;
}

bool says_nothing(const Item& item) {
  return item.kind == Item::Kind::list ? item.items.empty() : item.text.empty();
}

// Drops what says nothing from the end, and before each list.
void normalise(std::vector<Item>& items) {
  for (std::size_t i = items.size(); i-- > 0;) {
    if (says_nothing(items[i]))
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
    else if (items[i].kind != Item::Kind::list)
      break;
  }
}

Item parse(std::string_view s) {
  // Each list but the last one ends in the list that follows it, so they fold from behind.
  std::vector<std::vector<Item>> lists(1);
  const auto opened = [&] { lists.emplace_back(); };
  const std::size_t deepest = 64;
  bool after_separator = true;
  while (!s.empty()) {
    if (s[0] == '.' || s[0] == '-' || s[0] == '_') {
      if (after_separator) lists.back().push_back({});  // nothing between two: a zero
      if (s[0] == '-' && lists.size() < deepest && !lists.back().empty()) opened();
      s.remove_prefix(1);
      after_separator = true;
      continue;
    }
    if (is_digit(s[0])) {
      if (!after_separator && lists.size() < deepest) opened();
      auto number = take(s, is_digit);
      number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
      lists.back().push_back({Item::Kind::number, std::string(number)});
    } else {
      if (!after_separator && lists.size() < deepest) opened();
      const auto word =
          take(s, [](char c) { return !is_digit(c) && c != '.' && c != '-' && c != '_'; });
      if (after_separator && lists.back().size() && lists.size() < deepest) opened();
      lists.back().push_back({Item::Kind::word, word_of(word, !s.empty() && is_digit(s[0]))});
    }
    after_separator = false;
  }
  Item out{Item::Kind::list};
  while (!lists.empty()) {
    auto items = std::move(lists.back());
    lists.pop_back();
    if (out.items.size() || out.kind != Item::Kind::list) items.push_back(std::move(out));
    normalise(items);
    out = Item{Item::Kind::list, {}, std::move(items)};
  }
  return out;
}

Order compare_items(const Item* a, const Item* b);

Order against_nothing(const Item& item) {
  switch (item.kind) {
    case Item::Kind::number:
      return !item.text.empty() <=> false;
    case Item::Kind::word:
      return rank(item.text) <=> rank("");
    case Item::Kind::list:
      for (const Item& each : item.items)
        if (const Order order = against_nothing(each); order != 0) return order;
  }
  return Order::equivalent;
}

Order compare_lists(const std::vector<Item>& a, const std::vector<Item>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const Order order =
        compare_items(i < a.size() ? &a[i] : nullptr, i < b.size() ? &b[i] : nullptr);
    if (order != 0) return order;
  }
  return Order::equivalent;
}

// Numbers are above lists, and lists above words.
Order compare_items(const Item* a, const Item* b) {
  if (!a || !b) {
    if (a) return against_nothing(*a);
    return 0 <=> against_nothing(*b);
  }
  if (a->kind != b->kind) {
    const auto height = [](Item::Kind kind) {
      return kind == Item::Kind::number ? 2 : kind == Item::Kind::list ? 1 : 0;
    };
    return height(a->kind) <=> height(b->kind);
  }
  switch (a->kind) {
    case Item::Kind::number:
      return compare_numbers(a->text, b->text);
    case Item::Kind::word:
      return rank(a->text) <=> rank(b->text);
    case Item::Kind::list:
      break;
  }
  return compare_lists(a->items, b->items);
}

}  // namespace

Order compare_maven(std::string_view a, std::string_view b) {
  return compare_lists(parse(a).items, parse(b).items);
}

}  // namespace muster::advisory
