#include "api/internal/spelling.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace muster::api {
namespace {

std::unexpected<Error> no_such_tile() {
  return fail(Fault::missing, "no such tile");
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                               : std::nullopt;
}

// "x001/x234/067": groups of three digits, all but the last with an x.
Result<std::uint64_t> tile_index(std::string_view rest) {
  std::uint64_t index = 0;
  for (std::size_t groups = 0; groups < 5; ++groups) {
    const auto slash = rest.find('/');
    std::string_view group = rest.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    if (last == group.starts_with('x')) return no_such_tile();
    if (!last) group.remove_prefix(1);
    const auto value = number<std::uint64_t>(group);
    if (group.size() != 3 || !value) return no_such_tile();
    index = index * 1000 + *value;
    if (last) return index;
    rest.remove_prefix(slash + 1);
  }
  return no_such_tile();
}

}  // namespace

std::string session_of(std::string_view cookies) {
  std::string session;
  while (!cookies.empty()) {
    std::string_view each = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(each.size() + 1, cookies.size()));
    while (each.starts_with(' ')) each.remove_prefix(1);
    if (each.starts_with(session_cookie)) session = each.substr(session_cookie.size());
  }
  return session;
}

Result<TileName> tile_name(std::string_view path) {
  TileName name;
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return no_such_tile();
  std::string_view rest = path.substr(slash + 1);
  if (const auto partial = rest.find(".p/"); partial != std::string_view::npos) {
    const auto width = number<unsigned>(rest.substr(partial + 3));
    if (!width || *width < 1 || *width > 255) return no_such_tile();
    name.width = *width;
    rest = rest.substr(0, partial);
  }
  TRY(name.index, tile_index(rest));
  name.entries = path.substr(0, slash) == "entries";
  if (name.entries) return name;
  const auto level = number<unsigned>(path.substr(0, slash));
  if (!level || *level > 7) return no_such_tile();
  name.level = *level;
  return name;
}

}  // namespace muster::api
