#include "base/id.h"

#include <algorithm>

namespace muster {
namespace {
bool alphanumeric(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || !alphanumeric(text.front())) return false;
  return std::ranges::all_of(
      text, [](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-'; });
}

}  // namespace muster
