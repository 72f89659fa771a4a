#include "gateway/internal/codings.h"

#include <algorithm>
#include <cctype>

#include "base/bytes.h"

namespace muster::gateway {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Calls with each member of a list until one is taken.
template <class Take>
bool any_of_list(std::string_view list, Take take) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (take(trimmed(list.substr(0, comma)))) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](unsigned char c) { return std::tolower(c); },
      [](unsigned char c) { return std::tolower(c); });
}

// "q=0", "q=0.0", ...: not acceptable.
bool is_refused(std::string_view parameters) {
  const auto q = trimmed(parameters);
  if (!q.starts_with("q=") && !q.starts_with("Q=")) return false;
  return q.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool accepts(std::string_view accept_encoding, std::string_view coding) {
  return any_of_list(accept_encoding, [&](std::string_view member) {
    const auto semicolon = member.find(';');
    const auto parameters = semicolon == std::string_view::npos ? "" : member.substr(semicolon + 1);
    return same_word(trimmed(member.substr(0, semicolon)), coding) && !is_refused(parameters);
  });
}

std::string dictionary_of(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || text.size() > 64 || text.front() != ':' || text.back() != ':') return {};
  const auto digest = from_base64(text.substr(1, text.size() - 2));
  return digest && digest->size() == 32 ? to_hex(*digest) : std::string();
}

bool lists(std::string_view tags, std::string_view tag) {
  return any_of_list(tags, [&](std::string_view member) {
    if (member.starts_with("W/")) member.remove_prefix(2);
    return member == tag;
  });
}

}  // namespace muster::gateway
